import { EngineError } from "../../errors.ts";
import type { Json } from "../../protocol/json.ts";

/** Judges a value. null: the schema allows it; else where it does not and why. */
export type JudgeValue = (value: unknown) => string | null;

/** Compiles a schema. Throws EngineError `invalid_workflow` for what is none. */
export type CompileSchema = (schema: Json, owner: string) => JudgeValue;

const draft7 = /draft-0[67]/;

/**
 * Loads JSON Schema: draft 2020-12, or 7 where `$schema` says so. Nothing is fetched: a `$ref` leads to a place in the
 * schema itself. `format` is an annotation, as the draft has it.
 */
export async function loadJsonSchema(): Promise<CompileSchema> {
  const [{ Ajv2020 }, { Ajv }] = await Promise.all([import("ajv/dist/2020.js"), import("ajv")]);
  const options = { strict: false, validateFormats: false, logger: false, addUsedSchema: false } as const;
  return (schema, owner) => {
    if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null || Array.isArray(schema))) {
      throw invalid(owner, "a schema is an object or a boolean");
    }
    const dialect = typeof schema === "object" && "$schema" in schema ? String(schema["$schema"]) : "";
    const ajv = draft7.test(dialect) ? new Ajv(options) : new Ajv2020(options);
    try {
      const validate = ajv.compile(schema);
      return (value) => {
        if (validate(value)) return null;
        const [error] = validate.errors ?? [];
        return `${error?.instancePath === "" ? "the answer" : (error?.instancePath ?? "")} ${error?.message ?? "is not allowed"}`;
      };
    } catch (cause) {
      throw invalid(owner, cause instanceof Error ? cause.message : String(cause), cause);
    }
  };
}

function invalid(owner: string, why: string, cause?: unknown): EngineError {
  return new EngineError("invalid_workflow", `${owner}: the JSON schema is not valid: ${why}`, { cause });
}
