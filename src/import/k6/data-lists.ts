import type { AnyNode, Node } from "acorn";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../importer.ts";
import type { Names } from "./names.ts";
import { type DataList, readDataList } from "./read-data-list.ts";
import { readChain } from "./syntax.ts";

/** How a feeder gives rows: fields of `data.<name>`. */
type Taking = { readonly mode?: "random"; readonly per?: "vu" };

/** Lists of the script of which a virtual user takes a row: `users[__VU % users.length]`. */
export interface DataLists {
  /** The number of rows by the list's name. */
  readonly counts: ReadonlyMap<string, number>;
  /** `data.users.name` for such an expression; null: it is none. */
  read(node: Node, names: Names): string | null;
  /** Does the row that this expression stands for have such a field? */
  hasField(expression: string, field: string): boolean;
  /** The feeders that are in use, by name. */
  feeders(): JsonObject;
}

/** Finds lists among the constants. A list costs nothing before a row of it is read. */
export function createDataLists(constants: ReadonlyMap<string, Node>, options: ImportOptions, draft: Draft): DataLists {
  const lists = new Map<string, DataList>();
  for (const [name, node] of constants) {
    const list = readDataList(name, node, constants, options);
    if (list !== null) lists.set(name, list);
  }
  const feeders = new Map<string, JsonObject>();
  /** The list of each feeder. */
  const sources = new Map<string, DataList>();
  /** Each place of a script draws a row of its own. */
  const drawn = new WeakMap<Node, string>();

  function feed(name: string, list: DataList, taking: Taking, place: Node): string {
    const known = drawn.get(place);
    if (known !== undefined) return known;
    const file = draft.attachFile(list.file, list.content);
    const fields: Record<string, Json> = { file, ...list.fields, ...taking };
    const same = [...feeders].find(([, each]) => JSON.stringify(each) === JSON.stringify(fields));
    if (same !== undefined && taking.mode !== "random") return same[0];
    const stem = feeders.has(name) ? `${name}_${taking.mode ?? taking.per ?? "next"}` : name;
    let key = stem;
    for (let count = 2; feeders.has(key); count += 1) key = `${stem}_${count}`;
    feeders.set(key, fields);
    sources.set(key, list);
    if (taking.mode === "random") drawn.set(place, key);
    return key;
  }

  /** The list's name and how its row is taken, for `users[…]` and `randomItem(users)`. */
  function readTaking(node: AnyNode, names: Names): { readonly name: string; readonly taking: Taking } | null {
    const [list, index] =
      node.type === "MemberExpression" && node.computed
        ? [node.object, node.property]
        : node.type === "CallExpression" && readChain(node.callee) === "randomItem"
          ? [node.arguments[0], null]
          : [];
    const name = list?.type === "Identifier" && !names.values.has(list.name) ? list.name : null;
    if (name === null || !lists.has(name)) return null;
    const taking: Taking | null = index === null ? { mode: "random" } : readIndex(index, names);
    return taking === null ? null : { name, taking };
  }

  return {
    counts: new Map([...lists].map(([name, { count }]) => [name, count])),
    read(given, names) {
      const fields: string[] = [];
      let node = given as AnyNode;
      for (;;) {
        const found = readTaking(node, names);
        const list = found === null ? undefined : lists.get(found.name);
        if (found !== null && list !== undefined) {
          if (!list.wrapped && fields[0] !== undefined && !list.columns.has(fields[0])) return null;
          const key = feed(found.name, list, found.taking, node);
          return [`data.${key}`, ...(list.wrapped ? ["value"] : []), ...fields].join(".");
        }
        if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier") return null;
        if (!/^[A-Za-z_]\w*$/.test(node.property.name)) return null;
        fields.unshift(node.property.name);
        node = node.object;
      }
    },
    hasField(expression, field) {
      const list = sources.get(/^data\.(\w+)$/.exec(expression)?.[1] ?? "");
      return list === undefined || list.columns.has(field);
    },
    feeders: () => Object.fromEntries(feeders),
  };
}

const ofVu = "vu.id";
const ofIteration = new Set(["vu.iteration", "iteration"]);

/** Which row an index means, whatever it is wrapped around; null: it is none that a feeder gives. */
function readIndex(given: Node | undefined, names: Names, depth = 0): Taking | null {
  const node = given as AnyNode | undefined;
  if (node === undefined || depth > 10) return null;
  if (node.type === "BinaryExpression" && ["%", "-", "+", "|"].includes(node.operator)) {
    const right = node.right as AnyNode;
    const isSize = node.operator === "%" && (readChain(right)?.endsWith(".length") ?? false);
    if (isSize || right.type === "Literal") return readIndex(node.left, names, depth + 1);
  }
  if (node.type === "CallExpression") {
    const name = readChain(node.callee);
    if (name === "randomIntBetween") return { mode: "random" };
    if (name !== null && /^Math\.(?:floor|trunc|round)$/.test(name))
      return readIndex(node.arguments[0], names, depth + 1);
    return name === "Math.random" ? { mode: "random" } : null;
  }
  if (node.type === "BinaryExpression" && node.operator === "*")
    return [node.left, node.right].some(
      (each) => each.type === "CallExpression" && readChain(each.callee) === "Math.random",
    )
      ? { mode: "random" }
      : null;
  const chain = readChain(node) ?? "";
  if (names.origins.has(chain)) return readIndex(names.origins.get(chain), names, depth + 1);
  const value = names.values.get(chain) ?? "";
  return value === ofVu ? { per: "vu" } : ofIteration.has(value) ? {} : null;
}
