import { describeType, listFields } from "../../src/master/api/document/describe-type.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import type { Language } from "./language.ts";
import { code, printParts, printTable } from "./markdown.ts";

/** A field with its path from where a section begins: `target_slaves.labels`, `stages[].target`. */
type Row = readonly [path: string, field: JsonObject];

/** Fields with sections of their own, below `options` too. */
const apart = new Set(["options", "http", "scenarios", "data"]);

/** The reference of the workflow schema: top, options, http, scenarios, data, what all steps have, each type's config. */
export function printWorkflow(schema: JsonObject, language: Language): string {
  const { say } = language;
  const top = propertiesOf(schema);
  const options = propertiesOf(top["options"] ?? {});
  const types = (((schema["$defs"] as JsonObject)["step"] as JsonObject)["oneOf"] ?? []) as readonly JsonObject[];
  const common = listCommon(types);
  const section = (title: string, fields: readonly Row[]): readonly string[] => [
    `### ${title}`,
    printTable(
      [say("field"), say("type"), say("what it does")],
      fields.map(([path, field]) => [
        code(path),
        language.sayType(describeType(shorten(field))),
        say(typeof field["description"] === "string" ? field["description"] : ""),
      ]),
    ),
  ];
  const load = Object.keys(options);
  const scenario = propertiesOf((top["scenarios"]?.["additionalProperties"] ?? {}) as JsonObject);
  return `${printParts([
    ...section(say("The workflow"), listRows(schema, apart)),
    ...section(code("options"), listRows(top["options"] ?? {}, apart)),
    ...section(code("options.http"), listRows(options["http"] ?? {})),
    ...section(
      `${code("scenarios.<name>")}: ${say("also the load fields of options")}`,
      Object.entries(scenario).filter(([name]) => !load.includes(name)),
    ),
    ...section(code("data.<name>"), listRows((top["data"]?.["additionalProperties"] ?? {}) as JsonObject)),
    ...section(
      say("Every step"),
      common.flatMap(([name, field]) => (name === "type" ? [] : listRow(name, field))),
    ),
    ...types.flatMap((type) => {
      const { config, type: named } = propertiesOf(type);
      const [name = ""] = ((named ?? {})["enum"] ?? []) as readonly string[];
      const what = String(named?.["description"] ?? "").replace("What the step does. ", "");
      const [title, ...rest] = section(`${say("Step")} ${code(name)}`, listRows(config ?? {}));
      return [title ?? "", say(what), ...rest];
    }),
  ])}\n`;
}

function propertiesOf(schema: JsonObject): Readonly<Record<string, JsonObject>> {
  return (schema["properties"] ?? {}) as Readonly<Record<string, JsonObject>>;
}

/** Fields that every type has, as the first one has them. */
function listCommon(types: readonly JsonObject[]): readonly Row[] {
  const [first = {}, ...others] = types;
  const names = new Set(
    Object.keys(propertiesOf(first)).filter((name) => others.every((each) => name in propertiesOf(each))),
  );
  return Object.entries(propertiesOf(first)).filter(([name]) => names.has(name) && name !== "config");
}

/** The fields of a schema and of what is in them; those of `without` stay closed. */
function listRows(schema: JsonObject, without: ReadonlySet<string> = new Set()): readonly Row[] {
  return listFields(schema).flatMap(([name, field]) =>
    without.has(name) ? [[name, field] as Row] : listRow(name, field),
  );
}

function listRow(path: string, field: JsonObject): readonly Row[] {
  return [[path, field], ...listInside(path, field)];
}

function listInside(path: string, field: JsonObject): readonly Row[] {
  const { anyOf, items, additionalProperties: values } = field;
  if (Array.isArray(anyOf)) {
    const found = (anyOf as readonly JsonObject[]).flatMap((each) => listInside(path, each));
    return [...new Map(found.map((row) => [row[0], row] as const)).values()];
  }
  if (typeof items === "object") return listInside(`${path}[]`, items as JsonObject);
  if (typeof values === "object") return listInside(`${path}.<name>`, values as JsonObject);
  return listFields(field)
    .filter(([, inner]) => typeof inner["description"] === "string")
    .flatMap(([name, inner]) => listRow(`${path}.${name}`, inner));
}

/** Without what rows of their own say, and without the templates that most fields may be. */
function shorten(schema: JsonObject): JsonObject {
  const { anyOf, items, properties, additionalProperties: values } = schema;
  if (Array.isArray(anyOf)) {
    const kept = (anyOf as readonly JsonObject[]).filter(({ pattern }) => pattern !== "\\$\\{").map(shorten);
    return kept.length === 1 ? (kept[0] ?? {}) : { anyOf: kept };
  }
  if (typeof properties === "object") return { type: "object" };
  if (typeof items === "object") return { ...schema, items: shorten(items as JsonObject) };
  return typeof values === "object" ? { ...schema, additionalProperties: shorten(values as JsonObject) } : schema;
}
