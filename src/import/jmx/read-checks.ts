import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import { isJsonPath, isPattern } from "../language-check.ts";
import type { JmxText } from "./jmx-text.ts";
import type { PlanNode } from "./read-plan.ts";

const matches = 1;
const contains = 2;
const not = 4;
const equals = 8;
const substring = 16;
const anyOf = 32;

const fields: Readonly<Record<string, string>> = {
  "Assertion.response_code": "status",
  "Assertion.response_data": "body",
  "Assertion.response_data_as_document": "body",
};

/** The assertions of a Response Assertion. */
export function readResponseAssertion(node: PlanNode, text: JmxText, draft: Draft): JsonObject[] {
  const field = node.props.get("Assertion.test_field") ?? "";
  const type = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const bits = Number(node.props.get("Assertion.test_type") ?? contains);
  const patterns =
    (node.parts.get("Asserion.test_strings") ?? node.parts.get("Assertion.test_strings"))?.items.map(
      (item) => item.props.get("") ?? "",
    ) ?? [];
  const negated = (bits & not) !== 0;
  const isAny = (bits & anyOf) !== 0 && patterns.length > 1;
  const leave = (what: string, why: string): JsonObject[] => {
    draft.leaveOut(what, node.name, why);
    return [];
  };
  if (field === "Assertion.response_headers")
    return patterns.flatMap((each) => readHeaderPattern(each, negated, leave));
  if (type === undefined)
    return leave(`the Response Assertion ${node.name}`, "only the status, headers and the body are looked at");
  if (isAny && !negated) return readAlternatives(patterns, type, bits, node, leave);
  if (isAny)
    return leave(`the Response Assertion ${node.name}`, "alternatives of several patterns that must not match");
  return patterns.flatMap((pattern): JsonObject[] => {
    const value = text.template(pattern, node.name);
    const isNumber = type === "status" && /^\d{3}$/.test(pattern);
    if ((bits & equals) !== 0 || (isNumber && (bits & (matches | contains | substring)) !== 0))
      return [{ type, operator: negated ? "ne" : "eq", value: isNumber ? Number(pattern) : value }];
    if ((bits & substring) !== 0 || ((bits & contains) !== 0 && isPlain(pattern)))
      return [{ type, operator: negated ? "not_contains" : "contains", value }];
    if (!isTakenPattern(pattern)) return leave(`the pattern ${pattern.slice(0, 60)}`, "it is no pattern of ours");
    const whole = (bits & matches) !== 0 ? `^(?:${pattern})$` : pattern;
    if (!negated) return [{ type, operator: "matches", value: whole }];
    return type === "body"
      ? [{ type: "regex", path: whole, operator: "exists", value: false }]
      : leave(`the pattern ${pattern.slice(0, 60)}`, "a pattern that a status must not match");
  });
}

/** One of several: a list of statuses, or one pattern of all of them. */
function readAlternatives(
  patterns: readonly string[],
  type: string,
  bits: number,
  node: PlanNode,
  leave: (what: string, why: string) => JsonObject[],
): JsonObject[] {
  if (type === "status" && patterns.every((each) => /^\d{3}$/.test(each)))
    return [{ type, operator: "in", value: patterns.map(Number) }];
  const isLiteral = (bits & (equals | substring)) !== 0;
  if (patterns.some((each) => each.includes("${") || !(isLiteral || isTakenPattern(each))))
    return leave(`the Response Assertion ${node.name}`, "one of its alternatives is no pattern of ours");
  const joined = patterns.map((each) => `(?:${isLiteral ? escapePattern(each) : each})`).join("|");
  return [{ type, operator: "matches", value: (bits & (equals | matches)) !== 0 ? `^(?:${joined})$` : joined }];
}

/** `Content-Type: application/json` of the text of all headers. */
function readHeaderPattern(
  pattern: string,
  negated: boolean,
  leave: (what: string, why: string) => JsonObject[],
): JsonObject[] {
  const [, name, value = ""] = /^([A-Za-z][\w-]*):\s*([\w ;,=+/."-]*)$/.exec(pattern) ?? [];
  if (name === undefined || negated)
    return leave(`the pattern ${pattern.slice(0, 60)}`, "of headers only `Name: text` is read");
  return [{ type: "header", path: name, ...(value === "" ? { operator: "exists" } : { operator: "contains", value }) }];
}

/** Has the pattern no sign that means something? */
function isPlain(pattern: string): boolean {
  return /^[^\\^$.|?*+()[\]{}]*$/.test(pattern);
}

/** A text as a pattern that matches it. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}/-]/g, String.raw`\$&`);
}

export function readJsonAssertion(node: PlanNode, text: JmxText, draft: Draft): JsonObject[] {
  const path = node.props.get("JSON_PATH") ?? "";
  const isFlag = (name: string): boolean => node.props.get(name) === "true";
  if (!isJsonPath(path) || path.includes("${") || isFlag("EXPECT_NULL")) {
    draft.leaveOut(`the JSON Assertion ${node.name}`, node.name, "its path is none, or null is expected");
    return [];
  }
  if (!isFlag("JSONVALIDATION")) return [{ type: "json", path, operator: "exists", value: !isFlag("INVERT") }];
  const expected = node.props.get("EXPECTED_VALUE") ?? "";
  if (isFlag("ISREGEX") && (isFlag("INVERT") || !isTakenPattern(expected))) {
    draft.leaveOut(`the JSON Assertion ${node.name}`, node.name, "a pattern that must not match, or is none of ours");
    return [];
  }
  const operator = isFlag("ISREGEX") ? "matches" : isFlag("INVERT") ? "ne" : "eq";
  return [{ type: "json", path, operator, value: isFlag("ISREGEX") ? expected : readValue(expected, text, node.name) }];
}

/** A number, true or false as such. */
function readValue(written: string, text: JmxText, where: string): Json {
  if (/^(?:true|false|null|-?\d+(?:\.\d+)?)$/.test(written)) return JSON.parse(written) as Json;
  return text.template(written.replace(/^"([^"]*)"$/, "$1"), where);
}

const sizeOperators: Readonly<Record<string, string>> = {
  "1": "eq",
  "2": "ne",
  "3": "gt",
  "4": "lt",
  "5": "gte",
  "6": "lte",
};

/** The size of a body: an exact one, or that there is one. */
export function readSizeAssertion(node: PlanNode, draft: Draft): JsonObject[] {
  const size = Number(node.props.get("SizeAssertion.size") || Number.NaN);
  const operator = sizeOperators[node.props.get("SizeAssertion.operator") ?? ""] ?? "eq";
  const field = node.props.get("Assertion.test_field") ?? "";
  if (field === "SizeAssertion.response_data" && Number.isInteger(size) && size >= 0) {
    if (operator === "eq" && size > 0) {
      draft.leaveOut(`the bytes of ${node.name}`, node.name, "characters are counted");
      return [{ type: "body", operator: "length", value: size }];
    }
    const least = operator === "gt" || (operator === "ne" && size === 0) ? size + 1 : operator === "gte" ? size : 0;
    if (least === 1) return [{ type: "body", operator: "ne", value: "" }];
  }
  draft.leaveOut(`the Size Assertion ${node.name}`, node.name, "only an exact size of the body, or that it has one");
  return [];
}

/** Is it a regular expression here too? Java's and ours differ in rare signs. */
export function isTakenPattern(pattern: string): boolean {
  return !/\$\{|\(\?[a-z]+[):]|[*+?}]\+|\[QEAzZG]/.test(pattern) && isPattern(pattern);
}
