import { findPatternProblem } from "../expression/pattern.ts";
import type { Json } from "../protocol/json.ts";
import { asObject, asText } from "../protocol/json-values.ts";
import { any, describe, object, text, union } from "../protocol/shape.ts";
import type { SpecContext } from "../protocol/step-spec.ts";

/** Which messages a step waits for: those for which everything given holds. Texts may be templates. */
export interface MessageMatch {
  /** The message holds this text; null: not asked. */
  readonly contains: string | null;
  /** The message matches this regular expression; null: not asked. */
  readonly regex: string | null;
  /** The message is JSON with these members; null: not asked. */
  readonly json: { readonly value: Json } | null;
}

/** `match` of a step that waits for messages. */
export const matchShape = union(
  text,
  object({
    contains: describe(text, "The message holds this text. May be a template. Default: not asked."),
    regex: describe(text, "The message matches this regular expression. May be a template. Default: not asked."),
    json: describe(
      any,
      "The message is JSON and has these members with these values, whatever else it has; lists are equal member by " +
        "member. Texts inside may be templates. Default: not asked.",
    ),
  }),
);

/** A checked `match`; null: there is none, or it asks for nothing. Reports a `regex` that is neither a template nor valid. */
export function readMatch(value: Json | undefined, { report }: Pick<SpecContext, "report">): MessageMatch | null {
  if (typeof value === "string") return { contains: value, regex: null, json: null };
  const given = asObject(value);
  if (Object.keys(given).length === 0) return null;
  const { json } = given;
  const regex = asText(given["regex"]);
  const problem = regex === null || regex.includes("${") ? null : findPatternProblem(regex);
  if (problem !== null) report(["match", "regex"], problem);
  return { contains: asText(given["contains"]), regex, json: json === undefined ? null : { value: json } };
}
