import { describe, expect, test } from "vitest";
import {
  type Answer,
  makeAssertion,
  makeExtraction,
  makeGroup,
  makeStep,
  startFlow,
} from "../../test/support/flow-run.ts";
import type { Retry } from "../protocol/workflow.ts";
import { retryDelay } from "./retry.ts";

const refused: Answer = { status: 0, duration: 2, failure: { code: "1212", message: "refused" } };

describe("delays before attempts 2, 3, 4 and 5", () => {
  const rows: readonly (readonly [Retry["backoff"], number, readonly number[]])[] = [
    ["fixed", 60_000, [100, 100, 100, 100]],
    ["linear", 60_000, [100, 200, 300, 400]],
    ["linear", 250, [100, 200, 250, 250]],
    ["exponential", 60_000, [100, 200, 400, 800]],
    ["exponential", 300, [100, 200, 300, 300]],
  ];
  test.each(rows)("%s, at most %d ms: %j", async (backoff, maxDelayMs, expected) => {
    const retry: Retry = { maxAttempts: 5, delayMs: 100, backoff, maxDelayMs };
    expect([1, 2, 3, 4].map((number) => retryDelay(retry, number))).toEqual(expected);

    const starts: number[] = [];
    const flow = await startFlow([makeStep("a", { onError: "retry", retry })], {
      behave: () => {
        starts.push(flow.clock.now());
        return refused;
      },
    });
    const iteration = flow.iterate();
    await flow.clock.turn(10_000);
    expect(await iteration).toBe("failed");
    expect(starts.slice(1).map((start, index) => start - (starts[index] ?? 0))).toEqual(expected);
  });
});

test("an attempt that succeeds ends it: one step, passed, with the time of all attempts, and checks of the last", async () => {
  const step = makeStep("a", {
    onError: "retry",
    extract: [makeExtraction("id", "$.id")],
    assert: [makeAssertion(200)],
    checks: [makeAssertion(204)],
  });
  const flow = await startFlow([step, makeStep("b", { config: { id: "${id}" } })], {
    behave: ({ number }) => (number < 3 ? { status: 500, body: '{"id": 1}' } : { body: '{"id": 3}' }),
  });
  const iteration = flow.iterate();
  await flow.clock.turn(2000);
  expect(await iteration).toBe("passed");
  expect(flow.ran).toEqual(["a", "a#2", "a#3", "b"]);
  expect(flow.calls[3]?.config).toEqual({ id: 3 });
  const { series, trends, errors } = flow.cut();
  expect(series).toEqual({
    "step_failed{step:a}": "0/1",
    "step_failed{step:b}": "0/1",
    "checks{step:a,check:status is 200}": "1/1",
    "checks{step:a,check:status is 204}": "0/1",
  });
  expect(trends["step_duration{step:a}"]).toEqual([1, 2_000_000]);
  expect(errors).toEqual({});
});

test("the first attempt's success costs no more than a plain step: its own duration is recorded", async () => {
  const flow = await startFlow([makeStep("a", { onError: "retry" })]);
  expect(await flow.iterate()).toBe("passed");
  expect(flow.cut().trends).toEqual({ "step_duration{step:a}": [1, 5000] });
});

test("hooks run once around all attempts", async () => {
  const step = makeStep("a", { onError: "retry", preHook: [makeStep("before")], postHook: [makeStep("after")] });
  const flow = await startFlow([step], { behave: ({ step: id, number }) => (id === "a" && number < 2 ? refused : {}) });
  const iteration = flow.iterate();
  await flow.clock.turn(1000);
  expect(await iteration).toBe("passed");
  expect(flow.ran).toEqual(["before", "a", "a#2", "after"]);
});

test("an interrupted attempt is not tried again", async () => {
  const flow = await startFlow([makeStep("a", { onError: "retry" })], { behave: () => ({ interrupted: true }) });
  expect(await flow.iterate()).toBe("interrupted");
  expect(flow.ran).toEqual(["a"]);
});

test("an abort ends the wait between attempts and leaves no alarm", async () => {
  const flow = await startFlow([makeStep("a", { onError: "retry" })], { behave: () => refused });
  const iteration = flow.iterate();
  await flow.clock.turn(500);
  flow.stop.abort();
  expect(await iteration).toBe("interrupted");
  expect(flow.clock.pending).toBe(0);
  expect(flow.cut().errors).toEqual({});
});

test("no attempt begins after the deadline of what is around: the attempt before is the last", async () => {
  const group = makeGroup("g", [makeStep("a", { onError: "retry" })], { timeoutMs: 1500 });
  const flow = await startFlow([group], { behave: () => refused });
  const iteration = flow.iterate();
  await flow.clock.turn(1000);
  expect(await iteration).toBe("failed");
  expect(flow.ran).toEqual(["a", "a#2"]);
  expect(flow.cut().errors).toEqual({ "a 1212: refused": 1 });
});

test("a group is retried as a whole", async () => {
  const group = makeGroup("g", [makeStep("a"), makeStep("b")], { onError: "retry" });
  const flow = await startFlow([group], { behave: ({ step, number }) => (step === "b" && number < 2 ? refused : {}) });
  const iteration = flow.iterate();
  await flow.clock.turn(1000);
  expect(await iteration).toBe("passed");
  expect(flow.ran).toEqual(["a", "b", "a#2", "b#2"]);
  expect(flow.cut().series["step_failed{step:g}"]).toBe("0/1");
});
