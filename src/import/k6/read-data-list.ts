import type { AnyNode, Node } from "acorn";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import { readText } from "../decode-text.ts";
import type { ImportOptions } from "../importer.ts";
import { readStatic } from "./static-value.ts";
import { readChain } from "./syntax.ts";

/** Rows that a feeder can give. */
export interface DataList {
  /** The file's name and what is in it. */
  readonly file: string;
  readonly content: string;
  /** Further fields of the feeder. */
  readonly fields: JsonObject;
  readonly count: number;
  /** The fields that rows have; of a wrapped list `value`. */
  readonly columns: ReadonlySet<string>;
  /** Rows that are no objects are the field `value` of one. */
  readonly wrapped: boolean;
}

/** What an expression gives: JSON, or the rows of a csv. */
type Found =
  | { readonly kind: "json"; readonly value: Json; readonly file: string | null; readonly text: string }
  | { readonly kind: "csv"; readonly file: string; readonly text: string; readonly rows: boolean };

const plainName = /^[A-Za-z_]\w*$/;

/** A list of the script from a file beside it, or that stands in it: `new SharedArray(…)`, `JSON.parse(open(…))`; null: it is none. */
export function readDataList(
  name: string,
  node: Node,
  constants: ReadonlyMap<string, Node>,
  options: ImportOptions,
): DataList | null {
  const found = plainName.test(name) ? find(node as AnyNode, constants, options, 0) : null;
  if (found === null) return null;
  if (found.kind === "csv") return found.rows ? readCsv(found.file, found.text) : null;
  if (!Array.isArray(found.value) || found.value.length === 0) return null;
  const rows = found.value as readonly Json[];
  const wrapped = !rows.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
  const columns = new Set(wrapped ? ["value"] : rows.flatMap((row) => Object.keys(asObject(row))));
  const base = { fields: {}, count: rows.length, columns, wrapped };
  const whole = found.file !== null && !wrapped && found.file.endsWith(".json") && found.text.trim().startsWith("[");
  if (whole && found.file !== null) return { ...base, file: found.file, content: found.text };
  const lines = rows.map((row) => JSON.stringify(wrapped ? { value: row } : row));
  return { ...base, file: `${name}.rows.json`, content: `[\n${lines.join(",\n")}\n]\n` };
}

function find(
  given: AnyNode | null | undefined,
  constants: ReadonlyMap<string, Node>,
  options: ImportOptions,
  depth: number,
): Found | null {
  const node = given ?? null;
  if (node === null || depth > 10) return null;
  const next = (inner: Node | null | undefined, known = constants): Found | null =>
    find(inner as AnyNode | null | undefined, known, options, depth + 1);
  switch (node.type) {
    case "NewExpression": {
      if (readChain(node.callee) !== "SharedArray") return null;
      const make = node.arguments[1];
      if (make?.type !== "FunctionExpression" && make?.type !== "ArrowFunctionExpression") return null;
      if (make.body.type !== "BlockStatement") return next(make.body);
      const known = new Map(constants);
      for (const statement of make.body.body) {
        if (statement.type === "ReturnStatement") return next(statement.argument, known);
        if (statement.type !== "VariableDeclaration") return null;
        for (const { id, init } of statement.declarations)
          if (id.type === "Identifier" && init !== null && init !== undefined) known.set(id.name, init);
      }
      return null;
    }
    case "CallExpression":
      return readCall(node, constants, options);
    case "MemberExpression": {
      const property = node.property.type === "Identifier" && !node.computed ? node.property.name : null;
      const inner = property === null ? null : next(node.object);
      if (inner === null || property === null) return null;
      if (inner.kind === "csv") return property === "data" && !inner.rows ? { ...inner, rows: true } : null;
      const members = asObject(inner.value);
      return Object.hasOwn(members, property) ? { ...inner, value: members[property] ?? null, text: "" } : null;
    }
    case "Identifier":
      return constants.has(node.name) ? next(constants.get(node.name)) : null;
    case "ArrayExpression": {
      const value = readStatic(node, constants);
      return value === undefined ? null : { kind: "json", value, file: null, text: "" };
    }
    default:
      return null;
  }
}

/** `JSON.parse(open("users.json"))`, and a csv by papaparse. */
function readCall(
  node: AnyNode & { type: "CallExpression" },
  constants: ReadonlyMap<string, Node>,
  options: ImportOptions,
): Found | null {
  const [source, settings] = node.arguments as (AnyNode | undefined)[];
  const opened = source?.type === "Identifier" ? (constants.get(source.name) as AnyNode | undefined) : source;
  const path =
    opened?.type === "CallExpression" && readChain(opened.callee) === "open"
      ? readStatic(opened.arguments[0], constants)
      : undefined;
  if (typeof path !== "string") return null;
  const file = path.replace(/^.*[\\/]/, "");
  const text = readText(options, path);
  if (text === null) return null;
  if (readChain(node.callee) === "JSON.parse") {
    try {
      return { kind: "json", value: JSON.parse(text.replace(/^\ufeff/, "")) as Json, file, text };
    } catch {
      // The caller tells that it is left out.
      return null;
    }
  }
  const isCsv = /(?:^|\.)parse$/.test(readChain(node.callee) ?? "") && settings?.type === "ObjectExpression";
  return isCsv && asObject(readStatic(settings, constants))["header"] === true
    ? { kind: "csv", file, text, rows: false }
    : null;
}

function readCsv(file: string, text: string): DataList | null {
  const lines = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .filter((line) => line !== "");
  const head = lines[0] ?? "";
  const delimiter = [",", ";", "\t", "|"].find((each) => head.includes(each)) ?? ",";
  const columns = head.split(delimiter).map((name) => name.trim().replaceAll(/^"|"$/g, ""));
  if (lines.length < 2 || new Set(columns).size !== columns.length || !columns.every((each) => plainName.test(each)))
    return null;
  const fields = {
    ...(/\.(?:csv|tsv)$/.test(file) ? {} : { format: "csv" }),
    ...(delimiter === (file.endsWith(".tsv") ? "\t" : ",") ? {} : { delimiter }),
  };
  return { file, content: text, fields, count: lines.length - 1, columns: new Set(columns), wrapped: false };
}
