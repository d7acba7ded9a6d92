import { isHttpToken } from "./http-token.ts";
import type { Json } from "./json.ts";
import { asObject, asText } from "./json-values.ts";
import type { SpecContext } from "./step-spec.ts";

/** Says which names of headers no request can carry; they are a map, or a list of `{key, value}`. */
export function checkHeaderNames(headers: Json | undefined, { report }: Pick<SpecContext, "report">): void {
  const places = Array.isArray(headers)
    ? (headers as readonly Json[]).map((item, place) => [place, asText(asObject(item)["key"]) ?? ""] as const)
    : Object.keys(asObject(headers)).map((name) => [name, name] as const);
  for (const [place, name] of places) {
    const problem = findHeaderProblem(name);
    if (problem !== null) report(["headers", place], problem);
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
