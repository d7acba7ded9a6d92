import { isHttpToken } from "./http-token.ts";
import type { Json } from "./json.ts";
import { asObject } from "./json-values.ts";
import type { SpecContext } from "./step-spec.ts";

/** Says which names of a map of headers no request can carry. */
export function checkHeaderNames(headers: Json | undefined, { report }: Pick<SpecContext, "report">): void {
  for (const name of Object.keys(asObject(headers))) {
    const problem = findHeaderProblem(name);
    if (problem !== null) report(["headers", name], problem);
  }
}

/** Why no request can carry a header of this name; null: it can. */
export function findHeaderProblem(name: string): string | null {
  if (!isHttpToken(name)) {
    const advice = name.includes("${")
      ? "it holds for every request, and takes no template"
      : "use letters, digits and -";
    return `\`${name}\` is no header name; ${advice}`;
  }
  if (name.toLowerCase() !== "transfer-encoding") return null;
  return "header `transfer-encoding` cannot be set; the engine sends bodies with their length";
}
