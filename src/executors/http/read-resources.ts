import { findPatternProblem } from "../../expression/pattern.ts";
import type { Json } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import type { SpecContext } from "../../protocol/step-spec.ts";
import type { HttpResources } from "../../protocol/workflow.ts";

/** `resources` of a step or of `options.http`; what it leaves open is that of `otherwise`. Reports bad patterns. */
export function readResources(
  value: Json | undefined,
  otherwise: HttpResources | null,
  context: Pick<SpecContext, "report">,
): HttpResources | null {
  if (value === undefined) return otherwise;
  if (value === false) return null;
  const { include, exclude, required } = asObject(value);
  return {
    include: include === undefined ? (otherwise?.include ?? []) : readPatterns(include, "include", context),
    exclude: exclude === undefined ? (otherwise?.exclude ?? []) : readPatterns(exclude, "exclude", context),
    required: typeof required === "boolean" ? required : (otherwise?.required ?? false),
  };
}

/** What holds no template is checked here; the rest when it is filled in. */
function readPatterns(value: Json, name: string, { report }: Pick<SpecContext, "report">): readonly string[] {
  const given = (Array.isArray(value) ? value : [value]).map(String);
  for (const [place, pattern] of given.entries()) {
    if (pattern.includes("${")) continue;
    const problem = findPatternProblem(pattern);
    if (problem !== null) report(["resources", name, ...(Array.isArray(value) ? [place] : [])], problem);
  }
  return given;
}
