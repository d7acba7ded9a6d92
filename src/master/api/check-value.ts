import { Ajv, type ErrorObject, type JSONSchemaType, type SchemaObject, type ValidateFunction } from "ajv";
import { EngineError } from "../../errors.ts";

/** Gives a value back as what its schema says it is. Throws EngineError `invalid_request` with the place, the value and what is accepted. */
export type Check<Value> = (value: unknown) => Value;

const strict = new Ajv({ verbose: true, allowUnionTypes: true });
const texts = new Ajv({ verbose: true, coerceTypes: true, allowUnionTypes: true });

/** Checks a body: its values are taken as they are. */
export function checkBody<Value>(schema: SchemaObject | JSONSchemaType<Value>): Check<Value> {
  return createCheck<Value>(strict, schema, "body");
}

/** Checks the parameters of a query, which are texts: numbers and flags are read from them. */
export function checkQuery<Value>(schema: SchemaObject | JSONSchemaType<Value>): Check<Value> {
  const check = createCheck<Value>(texts, schema, "query");
  return (value) => check(typeof value === "object" && value !== null ? { ...value } : {});
}

function createCheck<Value>(ajv: Ajv, schema: SchemaObject, where: "body" | "query"): Check<Value> {
  /** Compiled when first asked: all of them are a seventh of a master's start, and most masters need a few. */
  let compiled: ValidateFunction<Value> | null = null;
  return (value) => {
    const validate = (compiled ??= ajv.compile<Value>(schema));
    if (validate(value)) return value;
    const [first] = validate.errors ?? [];
    const problem = first === undefined ? { path: "", message: "is not accepted" } : describeProblem(first, where);
    const place = problem.path === "" ? `the ${where}` : `\`${problem.path}\``;
    throw new EngineError("invalid_request", `${place} ${problem.message}`, { problems: [problem] });
  };
}

function describeProblem(error: ErrorObject, where: "body" | "query"): { path: string; message: string } {
  const path = error.instancePath.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
  const params: Readonly<Record<string, unknown>> = error.params;
  // What is written only is never shown, to whomever.
  const value = error.parentSchema?.["writeOnly"] === true ? "hidden" : show(error.data);
  switch (error.keyword) {
    case "additionalProperties": {
      const known = Object.keys(readRecord(error.parentSchema?.["properties"])).join(", ");
      const name = String(params["additionalProperty"]).slice(0, 100);
      const kind = where === "body" ? "field" : "parameter";
      const message = known === "" ? `takes no ${kind}s` : `has no ${kind} \`${name}\`; it takes ${known}`;
      return { path, message };
    }
    case "required":
      return { path, message: `lacks \`${String(params["missingProperty"])}\`` };
    case "enum":
      return { path, message: `is ${value}; it takes ${readList(params["allowedValues"]).join(", ")}` };
    case "type":
      return {
        path,
        message: `is ${value}; it takes ${[params["type"]].flat().map(nameType).join(" or ")}`,
      };
    default:
      return { path, message: `is ${value}; it ${error.message ?? "is not accepted"}` };
  }
}

function nameType(type: unknown): string {
  switch (type) {
    case "integer":
      return "a whole number";
    case "number":
      return "a number";
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    case "array":
      return "a list";
    default:
      return "a map";
  }
}

function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  return typeof value === "string" ? `\`${value.slice(0, 60)}\`` : String(value);
}

function readRecord(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
