import type { StepContext } from "../protocol/step.ts";
import type { HttpAuth } from "../protocol/workflow.ts";
import { combineTexts, type CompiledText, compileText } from "./compiled-text.ts";
import { encodeBasic, type Field } from "./encode.ts";

type Templates = Pick<StepContext, "template" | "constant">;

/** The value of an Authorization header. */
export function compileAuth(auth: HttpAuth, templates: Templates): CompiledText {
  if ("bearer" in auth) return combineTexts([compileText(auth.bearer, templates)], ([token = ""]) => `Bearer ${token}`);
  const { username, password } = auth.basic;
  const texts = [compileText(username, templates), compileText(password, templates)];
  return combineTexts(texts, ([name = "", word = ""]) => encodeBasic(`${name}:${word}`));
}

/** Names and values as one encoded text. */
export function compileFields(
  fields: readonly Field[],
  encode: (fields: readonly Field[]) => string,
  templates: Templates,
): CompiledText {
  const texts = fields.flatMap(([name, value]) => [compileText(name, templates), compileText(value, templates)]);
  return combineTexts(texts, (values) =>
    encode(fields.map((_, place): Field => [values[2 * place] ?? "", values[2 * place + 1] ?? ""])),
  );
}
