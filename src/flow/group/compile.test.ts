import { expect, test } from "vitest";
import {
  type Answer,
  makeAssertion,
  makeGroup,
  makeSleep,
  makeStep,
  startFlow,
} from "../../../test/support/flow-run.ts";
import type { OnError } from "../../protocol/workflow.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused" } };

test("nested groups tag their steps with the whole path and record how long they take", async () => {
  const inner = makeGroup("inner", [makeSleep("rest", 100), makeStep("a")], { name: "In" });
  const flow = await startFlow([makeGroup("outer", [inner, makeStep("b")]), makeStep("c")]);
  const iteration = flow.iterate();
  await flow.clock.turn(100);
  expect(await iteration).toBe("passed");
  const groups = ["a", "b", "c"].map((id) => flow.contexts.get(id)?.tags["group"]);
  expect(groups).toEqual(["::outer::In", "::outer", undefined]);
  expect(flow.cut().trends).toMatchObject({
    "group_duration{step:,group:::outer::In}": [1, 100_000],
    "group_duration{step:,group:::outer}": [1, 100_000],
    "step_duration{step:inner,group:::outer}": [1, 100_000],
    "step_duration{step:outer}": [1, 100_000],
  });
});

test("a group hands its tags to the steps in it", async () => {
  const flow = await startFlow([
    makeGroup("g", [makeStep("a", { tags: { team: "red" } })], { tags: { team: "blue", area: "shop" } }),
  ]);
  expect(flow.contexts.get("a")?.tags).toMatchObject({ team: "red", area: "shop" });
});

const rows: readonly (readonly [child: OnError, group: OnError, outcome: string, ran: string, failed: string])[] = [
  ["abort", "abort", "failed", "a", "1/1"],
  ["abort", "continue", "failed", "a c", "1/1"],
  ["abort", "skip", "passed", "a c", "1/1"],
  ["continue", "abort", "failed", "a b c", "1/1"],
  ["continue", "continue", "failed", "a b c", "1/1"],
  ["continue", "skip", "passed", "a b c", "1/1"],
  ["skip", "abort", "passed", "a b c", "0/1"],
];
test.each(rows)("a failing step with %s in a group with %s: %s", async (child, group, outcome, ran, failed) => {
  const steps = [makeGroup("g", [makeStep("a", { onError: child }), makeStep("b")], { onError: group }), makeStep("c")];
  const flow = await startFlow(steps, { behave: ({ step }) => (step === "a" ? refused : {}) });
  expect(await flow.iterate()).toBe(outcome);
  expect(flow.ran.join(" ")).toBe(ran);
  const { series, errors } = flow.cut();
  expect(series["step_failed{step:g}"]).toBe(failed);
  expect(errors).toEqual({ "a 1212: refused": 1 });
});

test("a group's timeout is the deadline of its steps, the nearer one counts", async () => {
  const inner = makeGroup("inner", [makeStep("b"), makeStep("c", { timeoutMs: 50 })], { timeoutMs: 5000 });
  const flow = await startFlow([makeGroup("outer", [makeStep("a"), inner], { timeoutMs: 2000 })]);
  await flow.iterate();
  expect(flow.calls.map((call) => call.deadline)).toEqual([3000, 3000, 1050]);
});

test("a sleep that the group's timeout cuts short fails with timeout, once", async () => {
  const flow = await startFlow([makeGroup("g", [makeSleep("rest", 5000)], { timeoutMs: 300 })]);
  const iteration = flow.iterate();
  await flow.clock.turn(300);
  expect(await iteration).toBe("failed");
  const { series, errors } = flow.cut();
  expect(series).toEqual({ "step_failed{step:rest,group:::g}": "1/1", "step_failed{step:g}": "1/1" });
  expect(errors).toEqual({ "rest timeout: the sleep was cut short by a timeout": 1 });
});

test("a group that took longer than its timeout fails even when its steps skip their failures", async () => {
  const flow = await startFlow([makeGroup("g", [makeSleep("rest", 5000, { onError: "skip" })], { timeoutMs: 300 })]);
  const iteration = flow.iterate();
  await flow.clock.turn(300);
  expect(await iteration).toBe("failed");
  expect(flow.cut().errors).toEqual({
    "rest timeout: the sleep was cut short by a timeout": 1,
    "g timeout: not done within its timeout of 300 ms": 1,
  });
});

test("a group's assertions look at the latest response", async () => {
  const flow = await startFlow([makeGroup("g", [makeStep("a"), makeStep("b")], { assert: [makeAssertion(201)] })], {
    behave: ({ step }) => ({ status: step === "b" ? 201 : 200 }),
  });
  expect(await flow.iterate()).toBe("passed");
  expect(flow.cut().series["checks{step:g,check:status is 201}"]).toBe("1/1");

  const softened = await startFlow(
    [makeGroup("g", [makeStep("a", { onError: "skip" })], { assert: [makeAssertion(0)] })],
    {
      behave: () => refused,
    },
  );
  expect(await softened.iterate()).toBe("passed");

  const empty = await startFlow([makeGroup("g", [], { assert: [makeAssertion(201)] })]);
  expect(await empty.iterate()).toBe("failed");
  expect(empty.cut().errors).toEqual({ "g assertion: there is no response to look at": 1 });
});
