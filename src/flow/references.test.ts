import { describe, expect, test } from "vitest";
import {
  makeAssertion,
  makeExtraction,
  makeGroup,
  makeSleep,
  makeStep,
  makeWorkflow,
} from "../../test/support/flow-run.ts";
import type { Step } from "../protocol/workflow.ts";
import { findReferences } from "./references.ts";
import { stepCompilers } from "./step-compilers.ts";

/** `a:body b:body+headers`: what is kept of which of the steps a to e. */
function printReads(steps: readonly Step[], more: Parameters<typeof makeWorkflow>[1] = {}): string {
  const references = findReferences(makeWorkflow(steps, more), stepCompilers);
  return ["a", "b", "c", "d", "e"]
    .map((id) => {
      const { body, headers } = references.readsOf(id);
      return body || headers ? `${id}:${[body ? "body" : "", headers ? "headers" : ""].filter(Boolean).join("+")}` : "";
    })
    .filter(Boolean)
    .join(" ");
}

const look = (text: string) => ({ config: { it: text } });
const body = look("${response.body}");

describe("only what something reads is kept", () => {
  const rows: readonly (readonly [why: string, steps: readonly Step[], reads: string])[] = [
    ["nothing reads anything", [makeStep("a", { assert: [makeAssertion(200)] })], ""],
    ["a body assertion", [makeStep("a", { assert: [makeAssertion("x", { type: "body" })] })], "a:body"],
    [
      "a check of a header",
      [makeStep("a", { checks: [makeAssertion("x", { type: "header", path: "x" })] })],
      "a:headers",
    ],
    ["an extraction", [makeStep("a", { extract: [makeExtraction("x", "$.x")] })], "a:body"],
    ["a body by the step's id", [makeStep("a"), makeStep("b", look("${a.body}"))], "a:body"],
    ["an output", [makeStep("a"), makeStep("b", look("${a.output.items[0]}"))], "a:body"],
    ["headers", [makeStep("a"), makeStep("b", look("${a.headers.etag}"))], "a:headers"],
    ["a status alone", [makeStep("a"), makeStep("b", look("${a.status_code}"))], ""],
    ["the whole result", [makeStep("a"), makeStep("b", look("${json(a)}"))], "a:body+headers"],
    ["a quoted id", [makeStep("a"), makeStep("b", look("${steps['a'].body}"))], "a:body"],
    [
      "a computed id: of all steps",
      [makeStep("a"), makeStep("b", look("${steps[env.X].body}"))],
      "a:body+headers b:body+headers",
    ],
    ["a condition", [makeStep("a"), makeStep("b", { condition: "a.body == 'x'" })], "a:body"],
    ["deep in a config", [makeStep("a"), makeStep("b", { config: { list: [{ it: "x ${a.body}" }] } })], "a:body"],
    ["the value of an assertion", [makeStep("a"), makeStep("b", { assert: [makeAssertion("${a.body}")] })], "a:body"],
    ["a think time", [makeStep("a", { thinkTime: { minMs: "${a.body}", maxMs: 1 } })], "a:body"],
  ];
  test.each(rows)("%s", (_why, steps, reads) => {
    expect(printReads(steps)).toBe(reads);
  });
});

describe("response: of every step that may be the latest", () => {
  const maybe = { condition: "vu.id == 1" };
  const rows: readonly (readonly [why: string, steps: readonly Step[], reads: string])[] = [
    ["the step before", [makeStep("a"), makeStep("b"), makeStep("c", body), makeStep("d")], "b:body"],
    ["a step that may not run", [makeStep("a"), makeStep("b", maybe), makeStep("c", body)], "a:body b:body"],
    [
      "a step that may leave none",
      [makeStep("a"), makeStep("b", { onError: "skip" }), makeStep("c", body)],
      "a:body b:body",
    ],
    [
      "a disabled step does not count",
      [makeStep("a"), makeStep("b", { disabled: true }), makeStep("c", body)],
      "a:body",
    ],
    ["a sleep leaves none", [makeStep("a"), makeSleep("b", 1), makeStep("c", body)], "a:body"],
    ["the last of a group", [makeGroup("g", [makeStep("a"), makeStep("b")]), makeStep("c", body)], "b:body"],
    [
      "a group that may not run",
      [makeStep("a"), makeGroup("g", [makeStep("b")], maybe), makeStep("c", body)],
      "a:body b:body",
    ],
    ["a post_hook sees its step", [makeStep("a", { postHook: [makeStep("b", body)] })], "a:body"],
    ["a pre_hook sees the step before", [makeStep("a"), makeStep("b", { preHook: [makeStep("c", body)] })], "a:body"],
    [
      "a hook is the latest for its step",
      [makeStep("a"), makeStep("b", { ...body, preHook: [makeStep("c")] })],
      "c:body",
    ],
    [
      "an assertion's value sees its own step",
      [makeStep("a", { assert: [makeAssertion("${response.body}")] })],
      "a:body",
    ],
    ["a second attempt sees the first", [makeStep("a", { ...body, onError: "retry" })], "a:body"],
    [
      "a group's assertion",
      [makeGroup("g", [makeStep("a")], { assert: [makeAssertion("x", { type: "body" })] })],
      "a:body",
    ],
  ];
  test.each(rows)("%s", (_why, steps, reads) => {
    expect(printReads(steps)).toBe(reads);
  });

  test("an iteration's post_hook sees the last step", () => {
    expect(printReads([makeStep("a"), makeStep("b")], { scenario: { postHook: [makeStep("c", body)] } })).toBe(
      "b:body",
    );
  });

  test("a variable may be used anywhere", () => {
    const workflow = { variables: { it: "${response.body}" } };
    expect(printReads([makeStep("a"), makeStep("b")], { workflow })).toBe("a:body b:body");
  });
});

test("a setup step's result is kept for a scenario that names it", () => {
  expect(printReads([makeStep("b", look("${a.body}"))], { workflow: { setup: [makeStep("a")] } })).toBe("a:body");
});
