import { parseText } from "../document/parse.ts";
import { suggest } from "../document/suggest.ts";
import type { Json } from "../protocol/json.ts";
import type { Problem } from "../protocol/problem.ts";
import type { Shape } from "../protocol/shape.ts";
import { clientVariables, listVariables } from "./environment-names.ts";
import { type ConfigurationKey, listMisnamedVariables } from "./list-keys.ts";

/** A process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value that the environment has for a key, not checked yet, and the variable; null: none. Throws TypeError where it cannot be one. */
export function readVariable(
  { path, shape, variable }: ConfigurationKey,
  environment: Environment,
): { readonly value: Json; readonly variable: string } | null {
  const client = Object.entries(clientVariables).find(([, key]) => key === path.join("."))?.[0];
  for (const name of [variable, client]) {
    const text = name === undefined ? undefined : environment[name];
    if (name !== undefined && text !== undefined && text !== "")
      return { value: readValue(text, shape), variable: name };
  }
  return null;
}

/** A problem for every variable that begins like ours and is none. */
export function findUnknownVariables(environment: Environment): readonly Problem[] {
  const known = listVariables();
  const misnamed = listMisnamedVariables();
  const unknown = Object.keys(environment).filter((name) => name.startsWith("WE_") && !known.includes(name));
  return unknown.toSorted().map((name) => {
    const meant = misnamed.get(name);
    const hint = meant === undefined ? suggest(name, known) : ` Did you mean \`${meant}\`?`;
    return {
      path: name,
      message: `there is no such variable: unset it, or name it without WE_ if it is yours.${hint}`,
    };
  });
}

/** What a text means for a shape; what does not fit is left as it is, for the check to refuse. */
function readValue(text: string, shape: Shape): Json {
  switch (shape.kind) {
    case "number":
      return readNumber(text);
    case "union":
      return shape.of.some(({ kind }) => kind === "number") ? readNumber(text) : text;
    case "flag":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return shape.of.kind === "object" ? readDocument(text) : splitList(text);
    case "map":
      return shape.of.kind === "map" ? readDocument(text) : readPairs(text);
    default:
      return text;
  }
}

function readNumber(text: string): Json {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
}

function splitList(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** `region=cn-east,zone=a`; null: not like that, or a key comes twice. */
export function parsePairs(text: string): Readonly<Record<string, string>> | null {
  const pairs = splitList(text).map((part) => {
    const cut = part.indexOf("=");
    return [part.slice(0, Math.max(0, cut)).trim(), part.slice(cut + 1).trim()] as const;
  });
  const isTwice = new Set(pairs.map(([key]) => key)).size < pairs.length;
  return isTwice || pairs.some(([key]) => key === "") ? null : Object.fromEntries(pairs);
}

function readPairs(text: string): Json {
  const pairs = parsePairs(text);
  if (pairs === null) throw new TypeError("it takes KEY=VALUE,KEY=VALUE, each key once");
  return pairs;
}

/** JSON or YAML. Its text may hold secrets: no message repeats it. */
function readDocument(text: string): Json {
  const parsed = parseText(text, "yaml");
  if ("problems" in parsed) throw new TypeError("it takes JSON, and this is none");
  return parsed.value;
}
