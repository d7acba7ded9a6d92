import { EngineError } from "../../errors.ts";
import { evaluateOnce, isConstantJson } from "../../driver/constant-texts.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import type { DbConfig } from "./db-config.ts";
import type { Statement } from "./driver.ts";

/** Throws EngineError `template` when called for params that are no list, or bytes that are no base64. */
export function compileStatement(
  { query, command, params, prepare, encoding }: DbConfig,
  name: string,
  { template, templateJson, constant }: Pick<StepContext, "template" | "templateJson" | "constant">,
): Evaluate<Statement> {
  const fixed = query === null ? "" : constant(query);
  const text = fixed !== undefined ? () => fixed : template(query ?? "");
  const values =
    typeof params === "string" && command === null ? template(params) : templateJson((command ?? params) as Json);
  const prepared = prepare && fixed !== undefined ? name : null;
  const make: Evaluate<Statement> = (vu) => {
    const given = values(vu);
    if (!Array.isArray(given)) throw new EngineError("template", "params: the template gives no list");
    return { text: String(text(vu)), params: given.map(readParam), name: prepared, encoding };
  };
  return fixed !== undefined && isConstantJson((command ?? params) as Json) ? evaluateOnce(make) : make;
}

/** `{base64: …}` is bytes; everything else is what it is. */
function readParam(value: unknown, place: number): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  const { base64, ...others } = value as { readonly base64?: unknown };
  if (typeof base64 !== "string" || Object.keys(others).length > 0) return value;
  if (!/^[A-Za-z\d+/\s]*={0,2}\s*$/.test(base64)) {
    throw new EngineError("template", `params[${place}]: \`${base64.slice(0, 60)}\` is not base64`);
  }
  return Buffer.from(base64, "base64");
}
