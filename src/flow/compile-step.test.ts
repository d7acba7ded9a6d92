import { describe, expect, test } from "vitest";
import {
  type Answer,
  makeAssertion,
  makeExtraction,
  makeFlow,
  makeGroup,
  makeSleep,
  makeStep,
  startFlow,
} from "../../test/support/flow-run.ts";
import type { IterationOutcome } from "./compiled.ts";
import type { OnError, Step } from "../protocol/workflow.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "connection refused: 127.0.0.1:1" } };

describe("on_error", () => {
  const rows: readonly (readonly [OnError, IterationOutcome, readonly string[]])[] = [
    ["abort", "failed", ["a"]],
    ["continue", "failed", ["a", "b"]],
    ["skip", "passed", ["a", "b"]],
    ["retry", "failed", ["a", "a#2", "a#3"]],
  ];
  test.each(rows)("%s: the iteration is %s after %j", async (onError, outcome, ran) => {
    const retry = { maxAttempts: 3, delayMs: 0, backoff: "fixed", maxDelayMs: 0 } as const;
    const flow = await startFlow([makeStep("a", { onError, retry }), makeStep("b")], {
      behave: ({ step }) => (step === "a" ? refused : {}),
    });
    const iteration = flow.iterate();
    await flow.clock.turn(1);
    expect(await iteration).toBe(outcome);
    expect(flow.ran).toEqual(ran);
    const { series, errors } = flow.cut();
    expect(series["step_failed{step:a}"]).toBe("1/1");
    expect(series["step_failed{step:b}"]).toBe(ran.includes("b") ? "0/1" : undefined);
    expect(errors).toEqual({ "a 1212: connection refused: 127.0.0.1:1": 1 });
  });
});

test("a step counts its duration in microseconds, its failure rate and its checks", async () => {
  const step = makeStep("a", {
    assert: [makeAssertion(200)],
    checks: [makeAssertion(201), makeAssertion(200, { name: "fine" })],
  });
  const flow = await startFlow([step], { behave: () => ({ duration: 1.5 }) });
  expect(await flow.iterate()).toBe("passed");
  const { series, trends, errors } = flow.cut();
  expect(series).toEqual({
    "step_failed{step:a}": "0/1",
    "checks{step:a,check:status is 200}": "1/1",
    "checks{step:a,check:status is 201}": "0/1",
    "checks{step:a,check:fine}": "1/1",
  });
  expect(trends).toEqual({ "step_duration{step:a}": [1, 1500] });
  expect(errors).toEqual({});
});

test("a failing assertion fails the step once, with the first one's message; all are counted", async () => {
  const step = makeStep("a", { assert: [makeAssertion(201), makeAssertion(200), makeAssertion(202)] });
  const flow = await startFlow([step]);
  expect(await flow.iterate()).toBe("failed");
  const { series, errors } = flow.cut();
  expect(series).toMatchObject({
    "step_failed{step:a}": "1/1",
    "checks{step:a,check:status is 201}": "0/1",
    "checks{step:a,check:status is 200}": "1/1",
    "checks{step:a,check:status is 202}": "0/1",
  });
  expect(errors).toEqual({ "a assertion: status: expected 201, got 200": 1 });
});

test("the operation's own failure comes before its assertions'", async () => {
  const step = makeStep("a", { assert: [makeAssertion(200)] });
  const failure = { code: "http_503", message: "status 503" };
  const flow = await startFlow([step], { behave: () => ({ status: 503, failure }) });
  await flow.iterate();
  expect(flow.cut().errors).toEqual({ "a http_503: status 503": 1 });
});

test("the sample of an error is the answer it came from", async () => {
  const flow = await startFlow([makeStep("a", { assert: [makeAssertion(200)] })], {
    behave: () => ({ status: 500, body: "x".repeat(2000) }),
  });
  await flow.iterate();
  const [error] = flow.cut().measurements.errors;
  expect(error?.sample).toEqual({
    time: Date.UTC(2026, 0, 1),
    url: "GET http://target/",
    status: 500,
    body: "x".repeat(1024),
  });
});

test("an extraction sets its variable before the assertions look", async () => {
  const step = makeStep("a", {
    extract: [makeExtraction("id", "$.id")],
    assert: [makeAssertion("${id}", { type: "json", path: "$.again", name: "same" })],
  });
  const next = makeStep("b", { config: { id: "${id}" } });
  const flow = await startFlow([step, next], { behave: () => ({ body: '{"id": 4, "again": 4}' }) });
  expect(await flow.iterate()).toBe("passed");
  expect(flow.calls[1]?.config).toEqual({ id: 4 });
});

test("an extraction without a match fails the step with code extract", async () => {
  const flow = await startFlow([makeStep("a", { extract: [makeExtraction("id", "$.id")] })]);
  expect(await flow.iterate()).toBe("failed");
  expect(flow.cut().errors).toEqual({ "a extract: extract id: nothing matches json $.id": 1 });
});

test("nothing is extracted from a failed operation", async () => {
  const step = makeStep("a", { extract: [makeExtraction("id", "$.id")], onError: "continue" });
  const next = makeStep("b", { config: { id: "${id ?? 'none'}" } });
  const flow = await startFlow([step, next], {
    behave: ({ step: id }) => (id === "a" ? { ...refused, body: '{"id": 4}' } : {}),
  });
  await flow.iterate();
  expect(flow.calls[1]?.config).toEqual({ id: "none" });
});

describe("template errors fail the step", () => {
  const rows = [
    ["in its config", makeStep("a", { config: { url: "/${response.body}" } })],
    ["in its condition", makeStep("a", { condition: "late.x > 1" })],
    ["in an assertion", makeStep("a", { assert: [makeAssertion("${late}")] })],
    ["in a retried step", makeStep("a", { config: { url: "/${late}" }, onError: "retry" })],
  ] as const;
  test.each(rows)("%s", async (_where, step) => {
    const setter = makeStep("z", { extract: [makeExtraction("late", "$.late")] });
    const flow = await startFlow([step, setter]);
    const iteration = flow.iterate();
    await flow.clock.turn(3000);
    expect(await iteration).toBe("failed");
    const { series, errors } = flow.cut();
    expect(series["step_failed{step:a}"]).toBe("1/1");
    expect(Object.keys(errors)).toEqual([expect.stringMatching(/^a template: /)]);
    expect(Object.values(errors)).toEqual([1]);
  });
});

test("what an operation throws besides is a fault of the engine", async () => {
  const flow = await startFlow([makeStep("a")], {
    behave: () => {
      throw new TypeError("a bug");
    },
  });
  await expect(flow.iterate()).rejects.toThrow(new TypeError("a bug"));
});

test("a condition that is false leaves no trace, hooks included", async () => {
  const hooks = { preHook: [makeStep("before")], postHook: [makeStep("after")] };
  const flow = await startFlow([makeStep("a", { condition: "vu.iteration == 1", ...hooks }), makeStep("b")]);
  expect(await flow.iterate()).toBe("passed");
  expect(flow.ran).toEqual(["b"]);
  expect(flow.cut().series).toEqual({ "step_failed{step:b}": "0/1" });
  expect(await flow.iterate()).toBe("passed");
  expect(flow.ran).toEqual(["b", "before", "a", "after", "b#2"]);
});

test("a disabled step is not there", async () => {
  const flow = await startFlow([makeStep("a", { disabled: true, type: "nowhere" }), makeStep("b")]);
  expect(await flow.iterate()).toBe("passed");
  expect(flow.ran).toEqual(["b"]);
});

test("the names of a disabled step stay known, without a value", async () => {
  const inner = makeStep("a", { extract: [makeExtraction("token", "$.token")] });
  const look = { config: { it: "${token ?? 'none'} ${a.status_code ?? 0} ${g.status_code ?? 0}" } };
  const flow = await startFlow([makeGroup("g", [inner], { disabled: true }), makeStep("b", look)]);
  expect(await flow.iterate()).toBe("passed");
  expect(flow.calls[0]?.config).toEqual({ it: "none 0 0" });
});

describe("hooks of a step", () => {
  test("post_hook runs after a failure too", async () => {
    const step = makeStep("a", { postHook: [makeStep("after")] });
    const flow = await startFlow([step, makeStep("b")], { behave: ({ step: id }) => (id === "a" ? refused : {}) });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.ran).toEqual(["a", "after"]);
  });

  test("a pre_hook that fails fails the step without an attempt; its error is recorded once", async () => {
    const step = makeStep("a", { preHook: [makeStep("before")], postHook: [makeStep("after")], onError: "skip" });
    const flow = await startFlow([step, makeStep("b")], { behave: ({ step: id }) => (id === "before" ? refused : {}) });
    expect(await flow.iterate()).toBe("passed");
    expect(flow.ran).toEqual(["before", "b"]);
    const { series, errors } = flow.cut();
    expect(series["step_failed{step:a}"]).toBe("1/1");
    expect(Object.keys(errors)).toEqual(["before 1212: connection refused: 127.0.0.1:1"]);
  });

  test("a post_hook that fails means what a failure of the step means", async () => {
    const step = makeStep("a", { postHook: [makeStep("after")], onError: "continue" });
    const flow = await startFlow([step, makeStep("b")], { behave: ({ step: id }) => (id === "after" ? refused : {}) });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.ran).toEqual(["a", "after", "b"]);
    expect(flow.cut().series["step_failed{step:a}"]).toBe("0/1");
  });

  test("a hook's step that says continue lets the step run", async () => {
    const step = makeStep("a", { preHook: [makeStep("before", { onError: "continue" })] });
    const flow = await startFlow([step], { behave: ({ step: id }) => (id === "before" ? refused : {}) });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.ran).toEqual(["before", "a"]);
  });
});

describe("think_time", () => {
  test("waits after the step and is in no duration", async () => {
    const step = makeStep("a", { thinkTime: { minMs: 100, maxMs: 300 } });
    const flow = await startFlow([step, makeStep("b")]);
    const iteration = flow.iterate();
    await flow.clock.turn(199);
    expect(flow.ran).toEqual(["a"]);
    await flow.clock.turn(1);
    expect(flow.ran).toEqual(["a", "b"]);
    expect(await iteration).toBe("passed");
    expect(flow.cut().trends["step_duration{step:a}"]).toEqual([1, 5000]);
  });

  test("is in no duration of the steps around it, nor of the iteration", async () => {
    const pause = { minMs: 400, maxMs: 400 };
    const thinking = (id: string): Step => makeStep(id, { thinkTime: pause });
    const flow = await startFlow([
      makeGroup("g", [makeSleep("s1", 100), thinking("a")]),
      makeFlow("parallel", "p", {
        // Lanes: 50 + 400 + 50 + 400 of which 800 are thought; 300.
        steps: [
          makeGroup("l1", [makeSleep("s2", 50), thinking("b"), makeSleep("s3", 50), thinking("c")]),
          makeSleep("s4", 300),
        ],
      }),
    ]);
    const iteration = flow.iterate();
    await flow.clock.turn(500 + 900);
    expect(await iteration).toBe("passed");
    expect(flow.cut().trends).toMatchObject({
      "group_duration{step:,group:::g}": [1, 100_000],
      "group_duration{step:,group:::l1}": [1, 100_000],
      "step_duration{step:p}": [1, 300_000],
    });
    expect(flow.vu.thoughtMs).toBe(400 + 600);
    const again = flow.iterate();
    await flow.clock.turn(1400);
    await again;
    expect(flow.vu.thoughtMs).toBe(1000);
  });

  test("may be a template that yields a duration; what is none fails the iteration once", async () => {
    const step = makeStep("a", { thinkTime: { minMs: "${env.PAUSE}", maxMs: "${env.PAUSE}" } });
    const fine = await startFlow([step], { inputs: { env: { PAUSE: "1.5s" } } });
    const iteration = fine.iterate();
    await fine.clock.turn(1499);
    expect(fine.clock.pending).toBe(1);
    await fine.clock.turn(1);
    expect(await iteration).toBe("passed");

    const wrong = await startFlow([step], { inputs: { env: { PAUSE: "soon" } } });
    expect(await wrong.iterate()).toBe("failed");
    const { series, errors } = wrong.cut();
    expect(series["step_failed{step:a}"]).toBe("0/1");
    expect(errors).toEqual({ 'a template: ${env.PAUSE} is "soon", no duration; write one as 500ms or 1.5s': 1 });
  });
});

describe("an interrupted result", () => {
  test("ends the iteration, neither passed nor failed, and records nothing", async () => {
    const step = makeStep("a", { postHook: [makeStep("after")], onError: "continue" });
    const flow = await startFlow([step, makeStep("b")], { behave: () => ({ status: 0, interrupted: true }) });
    expect(await flow.iterate()).toBe("interrupted");
    expect(flow.ran).toEqual(["a"]);
    expect(flow.cut()).toMatchObject({ series: {}, trends: {}, errors: {} });
  });

  test("an aborted signal is seen between steps", async () => {
    const flow = await startFlow([makeStep("a"), makeStep("b")], {
      behave: () => {
        flow.stop.abort();
        return {};
      },
    });
    expect(await flow.iterate()).toBe("interrupted");
    expect(flow.ran).toEqual(["a"]);
  });

  test("an abort ends a think time at once and leaves no alarm", async () => {
    const flow = await startFlow([makeStep("a", { thinkTime: { minMs: 60_000, maxMs: 60_000 } })]);
    const iteration = flow.iterate();
    await flow.clock.turn(10);
    flow.stop.abort();
    expect(await iteration).toBe("interrupted");
    expect(flow.clock.pending).toBe(0);
  });
});

describe("timeout", () => {
  test("is the deadline of each attempt", async () => {
    const flow = await startFlow([makeStep("a", { timeoutMs: 250 }), makeStep("b")]);
    await flow.iterate();
    expect(flow.calls.map((call) => call.deadline)).toEqual([1250, Infinity]);
  });
});

test("tags: the user's may rename a step, not move it", async () => {
  const step = makeStep("a", { name: "Log in", tags: { name: "login", team: "red", step: "x" } });
  const workflow = { tags: { region: "cn", team: "blue" } };
  const flow = await startFlow([step, makeStep("b", { name: "B" })], {
    workflow,
    scenario: { tags: { kind: "load" } },
  });
  const common = { region: "cn", kind: "load", scenario: "default" };
  expect(flow.contexts.get("a")?.tags).toEqual({ ...common, team: "red", name: "login", step: "a" });
  expect(flow.contexts.get("b")?.tags).toEqual({ ...common, team: "blue", name: "B", step: "b" });
});
