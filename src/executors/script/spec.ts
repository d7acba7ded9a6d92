import { parseDuration } from "../../quantity.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { describe, object, positiveDuration, type Shape, text, union } from "../../protocol/shape.ts";
import type { SpecContext, StepSpec } from "../../protocol/step-spec.ts";
import { type Body, findSyntaxError } from "./find-syntax-error.ts";
import { findTouches } from "./find-touches.ts";
import type { ScriptConfig } from "./script-config.ts";

const file = object({ file: describe(text, "A UTF-8 file relative to the workflow; never a template. Required.") }, [
  "file",
]);
const source = union(text, file);
const defaultTimeoutMs = 30_000;

/** Runs JavaScript in a sandbox. */
export const scriptSpec: StepSpec = {
  kind: "executor",
  capability: "script_executor",
  config: describe(
    object(
      {
        script: describe(
          source,
          "JavaScript, the body of an async function: `await` and `return` are allowed, what it returns is the step's " +
            "`output`. Never a template. As text, or `{file}`. Required.",
        ),
        timeout: describe(
          positiveDuration,
          "The longest time the script may take with everything it waits for, such as `5s`. Default: 30s.",
        ),
      },
      ["script"],
    ),
    "Runs JavaScript in a sandbox.",
  ),
  short: "script",
  children: [],
  metrics: ["checks", "http_reqs", "http_req_failed", "http_req_duration", "data_sent", "data_received"],
  resolve: (config, context) => resolveConfig(config, context) as unknown as JsonObject,
  listTexts: () => [],
  codeOf: (config) => {
    const { touches } = config as unknown as ScriptConfig;
    return { sets: touches.sets, response: touches.response };
  },
};

/** What scripts add to a workflow: `libs`, texts by the name under which `require` finds them. */
export const scriptLibs = {
  shape: {
    kind: "map",
    of: source,
    keys: /^[\p{L}_][\p{L}\p{N}_./-]{0,63}$/u,
    keysAccept: "a name: a letter, then at most 63 letters, digits and `_ . / -`",
  } satisfies Shape,
  /** The text of one lib from a checked value; what is wrong is reported. */
  resolve: (value: Json, context: Pick<SpecContext, "report" | "readFile">): string =>
    readSource(value, [], context, "function"),
} as const;

function resolveConfig(config: JsonObject, context: SpecContext): ScriptConfig {
  const script = readSource(config["script"] ?? "", ["script"], context, "async function");
  const timeout = config["timeout"];
  const libs = /\brequire\b/.test(script) ? Object.values(context.libs) : [];
  return {
    script,
    timeoutMs:
      typeof timeout === "string" || typeof timeout === "number"
        ? (parseDuration(timeout) ?? defaultTimeoutMs)
        : defaultTimeoutMs,
    touches: findTouches([script, ...libs]),
  };
}

function readSource(
  value: Json,
  path: readonly string[],
  { report, readFile }: Pick<SpecContext, "report" | "readFile">,
  body: Body,
): string {
  const name = typeof value === "object" ? (value as { readonly file?: string } | null)?.file : undefined;
  const source = name === undefined ? String(value) : readFile([...path, "file"], name);
  if (source === null) return "";
  const error = findSyntaxError(source, body);
  if (error === null) return source;
  const { message, ...inside } = error;
  const where = `line ${inside.line}, column ${inside.column}`;
  if (name === undefined) report(path, `the script has a syntax error at its ${where}: ${message}`, inside);
  else report([...path, "file"], `\`${name}\` has a syntax error at ${where}: ${message}`);
  return source;
}
