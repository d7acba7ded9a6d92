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
  const type = fields[node.props.get("Assertion.test_field") ?? ""];
  const bits = Number(node.props.get("Assertion.test_type") ?? contains);
  const patterns =
    (node.parts.get("Asserion.test_strings") ?? node.parts.get("Assertion.test_strings"))?.items.map(
      (item) => item.props.get("") ?? "",
    ) ?? [];
  const negated = (bits & not) !== 0;
  if (type === undefined || ((bits & anyOf) !== 0 && patterns.length > 1)) {
    draft.leaveOut(
      `the Response Assertion ${node.name}`,
      node.name,
      type === undefined ? "only the status and the body are looked at" : "alternatives of several patterns",
    );
    return [];
  }
  return patterns.flatMap((pattern): JsonObject[] => {
    const value = text.template(pattern, node.name);
    const isNumber = type === "status" && /^\d{3}$/.test(pattern);
    if ((bits & equals) !== 0 || (isNumber && (bits & (matches | contains | substring)) !== 0))
      return [{ type, operator: negated ? "ne" : "eq", value: isNumber ? Number(pattern) : value }];
    if ((bits & substring) !== 0) return [{ type, operator: negated ? "not_contains" : "contains", value }];
    if (negated || !isTakenPattern(pattern)) {
      draft.leaveOut(
        `the pattern ${pattern.slice(0, 60)}`,
        node.name,
        negated ? "a pattern that must not match" : "it is no pattern of ours",
      );
      return [];
    }
    return [{ type, operator: "matches", value: (bits & matches) !== 0 ? `^(?:${pattern})$` : pattern }];
  });
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

/** The extractions of a Regular Expression Extractor or a JSON Extractor. */
export function readExtractor(node: PlanNode, draft: Draft): JsonObject[] {
  const read = (name: string): string => node.props.get(name) ?? "";
  const isRegex = node.kind === "RegexExtractor";
  const names = (isRegex ? read("RegexExtractor.refname") : read("JSONPostProcessor.referenceNames")).split(";");
  const paths = isRegex ? [read("RegexExtractor.regex")] : read("JSONPostProcessor.jsonPathExprs").split(";");
  const defaults = isRegex ? [read("RegexExtractor.default")] : read("JSONPostProcessor.defaultValues").split(";");
  const which = (isRegex ? read("RegexExtractor.match_number") : read("JSONPostProcessor.match_numbers")).split(";");
  return names.flatMap((name, at): JsonObject[] => {
    const path = (paths[at] ?? "").trim();
    const wrong = isRegex
      ? !isTakenPattern(path) ||
        !["", "$1$"].includes(read("RegexExtractor.template")) ||
        !["", "false"].includes(read("RegexExtractor.useHeaders"))
      : !isJsonPath(path);
    if (name.trim() === "" || path === "" || path.includes("${") || wrong) {
      draft.leaveOut(`the extraction of ${name || "nothing"}`, node.name, "its path or pattern cannot be taken over");
      return [];
    }
    const number = Number(which[at] || "1");
    if (number !== 1 && number !== -1)
      draft.leaveOut(`match number ${number} of ${name}`, node.name, "the first match is taken");
    const otherwise = defaults[at] ?? "";
    return [
      {
        name: draft.assign(name.trim()),
        from: isRegex ? "regex" : "json",
        path,
        default: otherwise,
        ...(number === -1 ? { all: true, default: [] } : {}),
      },
    ];
  });
}

/** Is it a regular expression here too? Java's and ours differ in rare signs. */
function isTakenPattern(pattern: string): boolean {
  return !/\$\{|\(\?[a-z]+[):]|[*+?}]\+|\[QEAzZG]/.test(pattern) && isPattern(pattern);
}
