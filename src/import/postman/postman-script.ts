import type { Json } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import { parse } from "acorn";
import type { Draft } from "../draft.ts";
import { isSecretField } from "../secret-names.ts";

/** What of `pm` the sandbox has. */
const known =
  /^pm\.(?:test|expect|response(?:\.(?:code|status|responseTime|json|text|headers\.(?:get|has)|to\b.*))?|(?:environment|variables|globals|collectionVariables)\.(?:get|set|has|unset))$/;
/** What Postman's own sandbox has and ours does not. */
const foreign =
  /\b(?:postman|tests|responseBody|responseCode|CryptoJS|_|xml2Json|cheerio|setTimeout|setInterval|pm\.sendRequest|pm\.cookies|pm\.iterationData|pm\.info|pm\.execution|pm\.request|pm\.visualizer|pm\.vault)\b(?=\s*[.([])/;

/** Scripts of a request or folder that can run as hooks; what cannot is noted as left out. */
export function readPostmanScript(
  events: readonly Json[],
  where: string,
  draft: Draft,
): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const lists: Record<"before" | "after", string[]> = { before: [], after: [] };
  for (const event of events.map(asObject)) {
    const { exec } = asObject(event["script"]);
    const script = Array.isArray(exec)
      ? asList(exec)
          .map((line) => asText(line) ?? "")
          .join("\n")
      : (asText(exec) ?? "");
    if (script.trim() === "" || event["disabled"] === true) continue;
    const listen = asText(event["listen"]) ?? "";
    const why = refuseScript(script);
    if (why !== null) draft.leaveOut(`the ${listen} script`, where, why);
    else {
      lists[listen === "prerequest" ? "before" : "after"].push(wrap(script));
      for (const name of listSecretNames(script))
        draft.leaveOut(
          `hiding \`${name}\` in the ${listen} script`,
          where,
          "a script is written as it is; see whether this is a secret",
        );
      for (const [, name = ""] of script.matchAll(/\.set\(\s*["'`]([^"'`$]{1,64})["'`]/g)) draft.assign(name);
    }
  }
  return lists;
}

/** Names of secrets that are given a text there. */
function listSecretNames(script: string): Set<string> {
  const given = script.matchAll(/([\w-]{1,64})["'`]?\s*[:=,]\s*["'`][^"'`]/g);
  return new Set([...given].map(([, name = ""]) => name).filter(isSecretField));
}

/** Scripts of several levels run one after the other; each has its own names. */
function wrap(script: string): string {
  return `{\n${script.trim()}\n}`;
}

function refuseScript(script: string): string | null {
  try {
    parse(`async () => {${script}\n}`, { ecmaVersion: 2024, allowReturnOutsideFunction: true });
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  const code = script.replaceAll(/\/\/[^\n]*|\/\*[^]*?\*\//g, " ");
  const unknown = [...code.matchAll(/\bpm(?:\.\w+)+/g)].find(([chain]) => !isKnown(chain));
  if (unknown !== undefined) return `the sandbox has no ${unknown[0]}`;
  const other = foreign.exec(code);
  if (other !== null) return `the sandbox has no ${other[0]}`;
  return /\brequire\s*\(/.test(code) ? "the sandbox has no require of Postman's modules" : null;
}

function isKnown(chain: string): boolean {
  if (known.test(chain)) return true;
  // `pm.response.json().id`: what follows a call is the value's own.
  return chain
    .split(".")
    .some((_part, at, parts) => at > 1 && known.test(parts.slice(0, at).join(".")) && parts[at - 1] !== "response");
}
