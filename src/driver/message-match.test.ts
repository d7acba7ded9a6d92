import { expect, test } from "vitest";
import { loadWorkflowObject } from "../definition/load-workflow.ts";

const problemsOf = (step: object): readonly string[] => {
  const loaded = loadWorkflowObject({ steps: [step] }, { env: {} });
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
};

test.each([
  ["websocket", "ws://a.test/"],
  ["sse", "http://a.test/"],
])("a pattern that %s cannot wait for is a problem of the workflow", (type, url) => {
  const step = (regex: string): object => ({ type, config: { action: "receive", url, match: { regex } } });
  expect(problemsOf(step("("))).toEqual([
    'steps[0].config.match.regex: the pattern "(" is not valid: Invalid regular expression: /(/: Unterminated group',
  ]);
  expect(problemsOf(step("(a+)+(?=b)"))).toEqual([
    expect.stringMatching(/^steps\[0\]\.config\.match\.regex: the pattern .* repeats a group that repeats inside/),
  ]);
  expect(problemsOf(step("a|b$"))).toEqual([]);
  // What a template gives is not known before the run.
  expect(problemsOf(step("^(${vu.id}"))).toEqual([]);
});

test("a pattern that an assertion or an extraction could not run is a problem of the workflow too", () => {
  const http = { type: "http", config: { url: "http://a.test/" } };
  const slow = "(a+)+(?=b)";
  const checks = [{ type: "body", operator: "matches", value: slow }];
  expect(problemsOf({ ...http, assert: checks, extract: [{ name: "x", from: "regex", path: slow }] })).toEqual([
    expect.stringMatching(/^steps\[0\]\.extract\[0\]\.path: the pattern .* repeats/),
    expect.stringMatching(/^steps\[0\]\.assert\[0\]\.value: the pattern .* repeats/),
  ]);
});
