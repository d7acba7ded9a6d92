import { describe, expect, test } from "vitest";
import type { Clock } from "../../protocol/ports.ts";
import { createSystemClock } from "../../run/system-clock.ts";
import { systemTime } from "../../run/system-time.ts";
import {
  type Answer,
  type FlowOptions,
  type FlowRun,
  makeExtraction,
  makeFlow,
  makeGroup,
  makeSleep,
  makeStep,
  startFlow,
} from "../../../test/support/flow-run.ts";
import type { Step } from "../../protocol/workflow.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused" } };

/** The config that each pass's operation saw. */
async function seePasses(loop: object, text: string, options: FlowOptions = {}): Promise<unknown[]> {
  const steps = [makeStep("a", { config: { text } })];
  const flow = await startFlow([makeFlow("loop", "l", { ...loop, steps })], options);
  await flow.iterate();
  return flow.calls.map((call) => (call.config as { text: unknown }).text);
}

describe("passes", () => {
  const rows: readonly (readonly [what: string, loop: object, text: string, seen: readonly unknown[]])[] = [
    ["index counts from 0", { count: 3 }, "${loop.index}", [0, 1, 2]],
    ["iteration counts from 1", { count: 3 }, "${loop.iteration}", [1, 2, 3]],
    ["count is how many there will be", { count: 2 }, "${loop.count}", [2, 2]],
    ["no pass", { count: 0 }, "x", []],
    ["a count may be a template", { count: "${n + 1}" }, "${loop.index}", [0, 1, 2]],
    ["a template may be a numeric text", { count: "${text}" }, "${loop.index}", [0, 1]],
    ["items by name", { items: ["a", "b"] }, "${item}", ["a", "b"]],
    ["items by loop", { items: ["a", "b"] }, "${loop.item}/${loop.count}", ["a/2", "b/2"]],
    ["items of a template keep their types", { items: "${list}", item_var: "x" }, "${x}", [1, { k: "v" }, null]],
    ["items hold templates", { items: ["${n}", "${n * 2}"] }, "${item}", [2, 4]],
    ["while a condition holds", { condition: "loop.index < 2" }, "${loop.index}", [0, 1]],
    ["break ends", { count: 9, break_condition: "loop.index == 2" }, "${loop.index}", [0, 1]],
    ["continue leaves a pass out", { count: 4, continue_condition: "loop.index % 2 == 0" }, "${loop.index}", [1, 3]],
    [
      "break comes before continue",
      { count: 4, break_condition: "loop.index == 1", continue_condition: "loop.index < 2" },
      "${loop.index}",
      [],
    ],
    ["the conditions see the item", { items: [1, 2, 3], break_condition: "item == 3" }, "${item}", [1, 2]],
  ];
  const variables = { n: 2, text: " 2 ", list: [1, { k: "v" }, null] };
  test.each(rows)("%s", async (_what, loop, text, seen) => {
    expect(await seePasses(loop, text, { workflow: { variables } })).toEqual(seen);
  });
});

test("inside of another loop the names are those of the inner one, and come back", async () => {
  const config = { text: "${loop.index}:${item}" };
  const inner = makeFlow("loop", "inner", { items: ["x", "y"], steps: [makeStep("in", { config })] });
  const outer = makeFlow("loop", "outer", { items: ["a", "b"], steps: [inner, makeStep("out", { config })] });
  const flow = await startFlow([outer]);
  await flow.iterate();
  const seen = flow.calls.map((call) => (call.config as { text: unknown }).text);
  expect(seen).toEqual(["0:x", "1:y", "0:a", "0:x", "1:y", "1:b"]);
  expect(flow.vu.variables.size).toBe(0);
});

test("a variable that the item hides is there again behind the loop", async () => {
  const set = makeStep("set", { extract: [makeExtraction("item", "$.id")] });
  const loop = makeFlow("loop", "l", { items: [1], steps: [makeStep("in", { config: { text: "${item}" } })] });
  const flow = await startFlow([set, loop, makeStep("out", { config: { text: "${item}" } })], {
    behave: () => ({ body: '{"id": "mine"}' }),
  });
  await flow.iterate();
  expect(flow.calls.slice(1).map((call) => call.config)).toEqual([{ text: 1 }, { text: "mine" }]);
});

describe("what cannot be looped over fails the step", () => {
  const rows = [
    [{ items: "${x}" }, 'l template: the loop\'s items are "abc", not a list'],
    [{ count: "${x}" }, 'l template: the loop\'s count ${x} is "abc", not a whole number from 0'],
    [{ count: "${0 - 1}" }, "l template: the loop's count ${0 - 1} is -1, not a whole number from 0"],
    [{ count: "${1 / 2}" }, "l template: the loop's count ${1 / 2} is 0.5, not a whole number from 0"],
  ] as const;
  test.each(rows)("%j", async (config, message) => {
    const flow = await startFlow([makeFlow("loop", "l", { ...config, steps: [makeStep("a")] })], {
      workflow: { variables: { x: "abc" } },
    });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.cut().errors).toEqual({ [message]: 1 });
    expect(flow.ran).toEqual([]);
  });
});

describe("max_iterations", () => {
  const rows: readonly (readonly [object, ran: number, errors: object])[] = [
    [{ condition: "true" }, 1000, { "l loop: the loop is not over after 1000 passes, its max_iterations": 1 }],
    [{ condition: "loop.index < 1000" }, 1000, {}],
    [
      { condition: "true", max_iterations: 2 },
      2,
      { "l loop: the loop is not over after 2 passes, its max_iterations": 1 },
    ],
    [{ count: "${3}", max_iterations: 2 }, 2, { "l loop: the loop is not over after 2 passes, its max_iterations": 1 }],
    [{ count: "${2}", max_iterations: 2 }, 2, {}],
    [
      { condition: "true", continue_condition: "true", max_iterations: 3 },
      0,
      { "l loop: the loop is not over after 3 passes, its max_iterations": 1 },
    ],
  ];
  test.each(rows)("%j runs %i passes", async (config, ran, errors) => {
    const flow = await startFlow([makeFlow("loop", "l", { ...config, steps: [makeStep("a")] })]);
    expect(await flow.iterate()).toBe(Object.keys(errors).length > 0 ? "failed" : "passed");
    expect(flow.ran).toHaveLength(ran);
    expect(flow.cut().errors).toEqual(errors);
  });
});

test("a pass that aborts ends the loop, one that only failed does not", async () => {
  const loop = (onError: "abort" | "continue"): Step =>
    makeFlow("loop", `l-${onError}`, { count: 2, steps: [makeStep(onError, { onError })] }, { onError: "continue" });
  const flow = await startFlow([loop("continue"), loop("abort")], { behave: () => refused });
  expect(await flow.iterate()).toBe("failed");
  expect(flow.ran).toEqual(["continue", "continue#2", "abort"]);
  expect(flow.cut().series).toMatchObject({
    "step_failed{step:l-continue}": "1/1",
    "step_failed{step:l-abort}": "1/1",
  });
});

describe("break and continue", () => {
  const when = (id: string, condition: string, loop: string, type: "break" | "continue"): Step =>
    makeFlow(type, id, { loop }, { condition });
  const texts = (flow: FlowRun): unknown[] => flow.calls.map((call) => (call.config as { text: unknown }).text);

  test("break ends its loop, continue its pass, out of groups, conditions and retries", async () => {
    const wrap = (inner: Step): Step =>
      makeGroup("g", [
        makeFlow("retry", "r", {
          steps: [makeFlow("condition", "c", { expression: "true", then: [inner, makeStep("never")] })],
        }),
        makeStep("never-too"),
      ]);
    for (const [type, expected] of [
      ["break", [0]],
      ["continue", [0, 2]],
    ] as const) {
      const flow = await startFlow([
        makeFlow("loop", "l", {
          count: 3,
          steps: [
            makeFlow("condition", "only", {
              expression: "loop.index == 1",
              then: [wrap(makeFlow(type, "j", { loop: "l" }))],
            }),
            makeStep("a", { config: { text: "${loop.index}" } }),
          ],
        }),
        makeStep("after", { config: { text: "after" } }),
      ]);
      expect(await flow.iterate()).toBe("passed");
      expect(texts(flow)).toEqual([...expected, "after"]);
    }
  });

  test("a label means an outer loop; what stood between is counted once and restored", async () => {
    const inner = makeFlow("loop", "inner", {
      items: ["x", "y", "z"],
      steps: [
        when("b", "item == 'y'", "outer", "continue"),
        makeStep("a", { config: { text: "${item}${loop.index}" } }),
      ],
    });
    const outer = makeFlow("loop", "outer", {
      count: 2,
      steps: [inner, makeStep("never", { config: { text: "never" } })],
    });
    const flow = await startFlow([outer, makeStep("after", { config: { text: "after" } })]);
    expect(await flow.iterate()).toBe("passed");
    expect(texts(flow)).toEqual(["x0", "x0", "after"]);
    expect(flow.cut().series).toMatchObject({
      "step_failed{step:outer}": "0/1",
      "step_failed{step:inner}": "0/2",
      "step_failed{step:b}": "0/2",
    });
  });

  test("a failure before the break stays one", async () => {
    const steps = [makeStep("a", { onError: "continue" }), makeFlow("break", "b", { loop: "l" })];
    const flow = await startFlow([makeFlow("loop", "l", { count: 5, steps }), makeStep("after")], {
      behave: ({ step }) => (step === "a" ? refused : {}),
    });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.ran).toEqual(["a", "after"]);
  });

  test("the hooks of a break run whole", async () => {
    const postHook = [makeStep("p1"), makeStep("p2")];
    const flow = await startFlow([
      makeFlow("loop", "l", { count: 5, steps: [makeFlow("break", "b", { loop: "l" }, { postHook })] }),
    ]);
    await flow.iterate();
    expect(flow.ran).toEqual(["p1", "p2"]);
  });
});

test("a stop ends a loop at once, whose iteration is interrupted, and the names come back", async () => {
  const loop = makeFlow("loop", "l", { items: [1, 2, 3], steps: [makeSleep("s", 1000), makeStep("a")] });
  const flow = await startFlow([makeFlow("loop", "outer", { count: 5, steps: [loop] })]);
  const iteration = flow.iterate();
  await flow.clock.turn(1500);
  flow.stop.abort();
  expect(await iteration).toBe("interrupted");
  expect(flow.ran).toEqual(["a"]);
  expect(flow.clock.pending).toBe(0);
  expect(flow.vu.variables.size).toBe(0);
  expect(flow.cut().series).toEqual({ "step_failed{step:a}": "0/1", "step_failed{step:s}": "0/1" });
});

test("a loop ends at its timeout, also when its steps never wait", async () => {
  let now = 0;
  const clock = { now: () => now++ / 10, wall: () => 0, at: createSystemClock(systemTime).at };
  const loop = makeFlow("loop", "l", { condition: "true", max_iterations: 1e9, steps: [] }, { timeoutMs: 50 });
  const flow = await startFlow([loop], { clock: { ...clock, at: (_time, task) => clock.at(0, task) } });
  expect(await flow.iterate()).toBe("failed");
  expect(Object.keys(flow.cut().errors)[0]).toMatch(
    /^l timeout: the loop was cut short by a timeout after \d+ passes$/,
  );
});

test("a loop that never waits lets timers through every few milliseconds", async () => {
  const { at, wall } = createSystemClock(systemTime);
  // Every look at the clock takes a tenth of a millisecond, whatever the machine does.
  let now = 0;
  let last = 0;
  const turns: number[] = [];
  const clock: Clock = {
    now: () => now++ / 10,
    wall,
    at(_time, task) {
      turns.push(now / 10 - last);
      return at(0, () => {
        last = now / 10;
        task();
      });
    },
  };
  const steps = [makeFlow("condition", "c", { expression: "loop.index >= 0", then: [makeGroup("g", [])] })];
  const loop = makeFlow("loop", "l", { condition: "true", max_iterations: 1e9, steps });
  const flow = await startFlow([loop], { clock });
  const iteration = flow.iterate();
  for (let timer = 0; timer < 20; timer++) await new Promise((resolve) => setTimeout(resolve, 1));
  flow.stop.abort();
  expect(await iteration).toBe("interrupted");
  expect(turns.length).toBeGreaterThan(20);
  // The slice is 1 ms, and a pass that has begun within it goes to its end.
  expect(Math.max(...turns)).toBeLessThan(3);
});
