import { findPatternProblem } from "../expression/pattern.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Assertion, AssertionType, Extraction, ExtractionSource, Operator } from "../protocol/workflow.ts";
import { parseDuration } from "../quantity.ts";
import type { FileDesk } from "./file-desk.ts";
import type { Findings } from "../document/findings.ts";
import { asList, asObject, asText } from "../protocol/json-values.ts";

const needsPath: ReadonlySet<string> = new Set(["json", "header", "cookie", "regex", "xpath"]);

/** Checked `assert` or `checks`. */
export function resolveAssertions(
  value: Json | undefined,
  path: Path,
  findings: Findings,
  files: Pick<FileDesk, "readText">,
): Assertion[] {
  return asList(value).map((item, index) => {
    const entry = asObject(item);
    const at = [...path, index];
    if (entry["type"] === "schema") return resolveSchema(entry, at, findings, files);
    return resolveAssertion(entry, at, findings);
  });
}

/** The value of a schema assertion is the schema, or names its file. */
function resolveSchema(item: JsonObject, path: Path, findings: Findings, files: Pick<FileDesk, "readText">): Assertion {
  for (const key of ["operator", "path", "pattern"]) {
    if (Object.hasOwn(item, key)) findings.report([...path, key], "a schema judges the whole answer; leave this out");
  }
  const given = item["value"] ?? null;
  const file = asText(asObject(given)["file"]);
  const isFile = file !== null && Object.keys(asObject(given)).length === 1;
  if (given === null) findings.report(path, "an assertion of type `schema` needs `value`: a JSON schema, or `{file}`");
  const value = isFile ? readSchema(file, [...path, "value", "file"], findings, files) : given;
  const name = asText(item["name"]) ?? (isFile ? `schema ${file}` : "schema");
  return { name, type: "schema", path: "", operator: "eq", value };
}

function readSchema(file: string, path: Path, findings: Findings, files: Pick<FileDesk, "readText">): Json {
  const text = files.readText(path, file);
  if (text === null) return true;
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    findings.report(path, `\`${file}\` is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    return true;
  }
}

function resolveAssertion(item: JsonObject, path: Path, findings: Findings): Assertion {
  const type = (asText(item["type"]) ?? "status") as AssertionType;
  const valueGiven = Object.hasOwn(item, "value");
  const operator = (asText(item["operator"]) ?? (valueGiven ? "eq" : "exists")) as Operator;
  const target = asText(item["path"]) ?? asText(item["pattern"]) ?? "";
  const pattern = type === "regex" && target === "" ? (asText(item["value"]) ?? "") : target;
  if (needsPath.has(type) && pattern === "" && !findings.isWrong([...path, "path"])) {
    findings.report(path, `an assertion of type \`${type}\` needs \`path\`: ${describePath(type)}`);
  }
  if (!valueGiven && operator !== "exists" && operator !== "empty" && type !== "regex" && !findings.isWrong(path)) {
    findings.report(path, `operator \`${operator}\` needs a \`value\``);
  }
  checkPattern(type === "regex" ? pattern : "", [...path, "path"], findings);
  const value =
    type === "duration" ? toMilliseconds(item["value"] ?? null, [...path, "value"], findings) : (item["value"] ?? null);
  if (operator === "matches" && typeof value === "string" && !value.includes("${"))
    checkPattern(value, [...path, "value"], findings);
  const name = asText(item["name"]) ?? describe(type, target, operator, item["value"]);
  return { name, type, path: target, operator, value };
}

function describe(type: string, path: string, operator: string, value: Json | undefined): string {
  const shown = value === undefined ? "" : typeof value === "object" ? stringify(value) : String(value);
  const cut = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
  return [type, path, operator, cut].filter((part) => part !== "").join(" ");
}

function stringify(value: Json): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item));
}

function describePath(type: string): string {
  if (type === "json") return "a JSON path such as $.items[0].id";
  if (type === "xpath") return "an XPath such as //item/@id";
  if (type === "css") return "a CSS selector such as a.next@href";
  return type === "regex" ? "the pattern" : `the name of the ${type}`;
}

function toMilliseconds(value: Json, path: Path, findings: Findings): Json {
  if (typeof value === "string" && value.includes("${")) return value;
  if (typeof value !== "string" && typeof value !== "number") return value;
  const ms = parseDuration(value);
  if (ms === null) findings.report(path, `\`${value}\` is not a duration; write 500ms or 2s`);
  return ms ?? value;
}

function checkPattern(pattern: string, path: Path, findings: Findings): void {
  const problem = findPatternProblem(pattern);
  if (problem !== null) findings.report(path, problem);
}

const extractsWithPath: ReadonlySet<string> = new Set(["json", "regex", "header", "cookie", "xpath", "css"]);

/** Names that expressions have for themselves: a variable of such a name could never be read. */
export const reservedNames: readonly string[] = [
  "env",
  "secret",
  "slave",
  "vu",
  "iteration",
  "response",
  "steps",
  "loop",
  "data",
];

/** Reports variables of a name that expressions have for themselves. */
export function checkVariables(value: Json | undefined, path: Path, findings: Findings): void {
  for (const name of Object.keys(asObject(value))) {
    if (reservedNames.includes(name))
      findings.report([...path, name], `\`${name}\` is a name of the expression language; choose another`, true);
  }
}

/** Checked `extract`. */
export function resolveExtractions(value: Json | undefined, path: Path, findings: Findings): Extraction[] {
  return asList(value).map((entry, index): Extraction => {
    const item = asObject(entry);
    const at = [...path, index];
    const name = asText(item["name"]) ?? "";
    const from = (asText(item["from"]) ?? "json") as ExtractionSource;
    const target = asText(item["path"]) ?? asText(item["pattern"]) ?? "";
    if (reservedNames.includes(name))
      findings.report([...at, "name"], `\`${name}\` is a name of the expression language; choose another`);
    if (extractsWithPath.has(from) && target === "" && !findings.isWrong(at)) {
      findings.report(at, `extracting from ${from} needs \`path\`: ${describePath(from)}`);
    }
    if (from === "regex") checkPattern(target, [...at, Object.hasOwn(item, "path") ? "path" : "pattern"], findings);
    const scope = asText(item["scope"]) === "vu" ? "vu" : "iteration";
    const base = { name, from, path: target, all: item["all"] === true, scope } as const;
    return Object.hasOwn(item, "default") ? { ...base, default: item["default"] ?? null } : base;
  });
}
