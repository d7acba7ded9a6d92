import fc from "fast-check";
import type { Json, JsonObject } from "../../src/protocol/json.ts";
import type { OnError, Step } from "../../src/protocol/workflow.ts";
import { makeExtraction, makeFlow, makeStep } from "./flow-run.ts";

/** What a drawn condition asks. */
export type Test =
  | { readonly of: "constant"; readonly value: boolean }
  /** Is the innermost loop's index even? Outside of loops: no. */
  | { readonly of: "index" }
  /** Did an operation set `v` that ran so many times? */
  | { readonly of: "v"; readonly count: number };

interface Around {
  readonly onError: OnError;
  readonly timeoutMs: number | null;
  readonly runs: Test;
  readonly preHook: Drawn | null;
  readonly postHook: Drawn | null;
}

/** A step as the property draws it; ids are given by place. */
export type Drawn = Around & Body;

export type Body =
  /** Takes `ms` and fails when its number of calls, from 1, modulo `period` is 0; sets `v` to `id#number` else. */
  | { readonly type: "op"; readonly ms: number; readonly period: number }
  | { readonly type: "sleep"; readonly ms: number }
  | { readonly type: "group"; readonly steps: readonly Drawn[] }
  | {
      readonly type: "condition";
      readonly test: Test;
      readonly then: readonly Drawn[];
      readonly else: readonly Drawn[];
    }
  | { readonly type: "switch"; readonly tests: readonly Test[]; readonly cases: readonly (readonly Drawn[])[] }
  | {
      readonly type: "loop";
      readonly mode: "for" | "foreach" | "while";
      readonly count: number;
      readonly limit: number;
      readonly breaks: Test;
      readonly continues: Test;
      readonly steps: readonly Drawn[];
    }
  /** Leaves the loop so many further out; without one it is a step that does nothing. */
  | { readonly type: "break" | "continue"; readonly out: number }
  | { readonly type: "parallel"; readonly concurrency: number; readonly steps: readonly Drawn[] }
  | { readonly type: "retry"; readonly attempts: number; readonly delay: number; readonly steps: readonly Drawn[] }
  | {
      readonly type: "wait_until";
      readonly test: Test;
      readonly timeout: number;
      readonly interval: number;
      readonly steps: readonly Drawn[];
    }
  | { readonly type: "call"; readonly gives: boolean; readonly takes: boolean; readonly steps: readonly Drawn[] };

const test: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ of: fc.constant("constant" as const), value: fc.boolean() }),
  fc.record({ of: fc.constant("index" as const) }),
  fc.record({ of: fc.constant("v" as const), count: fc.integer({ min: 1, max: 3 }) }),
);
const never: Test = { of: "constant", value: false };
const seldom = fc.oneof({ weight: 3, arbitrary: fc.constant(never) }, { weight: 1, arbitrary: test });
const mostly = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Test>({ of: "constant", value: true }) },
  { weight: 1, arbitrary: test },
);
const ms = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 6 }));
const plain = {
  onError: "abort",
  timeoutMs: null,
  runs: { of: "constant", value: true },
  preHook: null,
  postHook: null,
};
const hook: fc.Arbitrary<Drawn | null> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc
      .record({ type: fc.constant("op" as const), ms, period: fc.integer({ min: 1, max: 4 }) })
      .map((body) => ({ ...plain, ...body }) as Drawn),
  },
);
const around = {
  onError: fc.constantFrom<OnError>("abort", "abort", "continue", "skip", "retry"),
  timeoutMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) },
  ),
  runs: mostly,
  preHook: hook,
  postHook: hook,
};

/** Trees of steps of every type. */
export const drawnSteps: fc.Arbitrary<Drawn[]> = fc.letrec<{ steps: Drawn[]; step: Drawn }>((tie) => {
  const steps = tie("steps");
  const small = { min: 1, max: 4 };
  return {
    step: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      {
        weight: 5,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("op" as const),
          ms,
          period: fc.integer({ min: 1, max: 6 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ ...around, type: fc.constant("sleep" as const), ms }) },
      {
        weight: 1,
        arbitrary: fc.record({
          ...around,
          type: fc.constantFrom("break" as const, "continue" as const),
          out: fc.integer({ min: 0, max: 1 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ ...around, type: fc.constant("group" as const), steps }) },
      {
        weight: 2,
        arbitrary: fc.record({ ...around, type: fc.constant("condition" as const), test, then: steps, else: steps }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("switch" as const),
          tests: fc.array(test, { minLength: 2, maxLength: 2 }),
          cases: fc.array(steps, { minLength: 3, maxLength: 3 }),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("loop" as const),
          mode: fc.constantFrom("for" as const, "foreach" as const, "while" as const),
          count: fc.integer({ min: 0, max: 4 }),
          limit: fc.integer({ min: 2, max: 6 }),
          breaks: seldom,
          continues: seldom,
          steps,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("parallel" as const),
          concurrency: fc.integer(small),
          steps,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("retry" as const),
          attempts: fc.integer({ min: 1, max: 3 }),
          delay: ms,
          steps,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("wait_until" as const),
          test,
          timeout: fc.integer({ min: 1, max: 12 }),
          interval: fc.integer({ min: 1, max: 5 }),
          steps,
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          ...around,
          type: fc.constant("call" as const),
          gives: fc.boolean(),
          takes: fc.boolean(),
          steps,
        }),
      },
    ),
    steps: fc.array(tie("step"), { maxLength: 4 }),
  };
}).steps;

/** How `on_error: retry` tries in these trees. */
export const drawnRetry = { maxAttempts: 2, delayMs: 2, backoff: "fixed", maxDelayMs: 100 } as const;

/** The expression of a test. */
export function writeTest(asked: Test): string {
  if (asked.of === "constant") return String(asked.value);
  if (asked.of === "index") return "(loop.index ?? 1) % 2 == 0";
  return `(v ?? '') matches '#${asked.count}$'`;
}

/** The steps as loading makes them. `loops`: the ids of the loops around, the innermost last. */
export function makeDrawn(steps: readonly Drawn[], prefix: string, loops: readonly string[] = []): Step[] {
  return steps.map((drawn, index) => {
    const id = `${prefix}${index}`;
    const hook = (name: string, step: Drawn | null): Step[] => (step === null ? [] : makeDrawn([step], `${id}${name}`));
    const more: Partial<Step> = {
      onError: drawn.onError,
      retry: drawnRetry,
      timeoutMs: drawn.timeoutMs,
      condition: writeTest(drawn.runs),
      preHook: hook("p", drawn.preHook),
      postHook: hook("q", drawn.postHook),
    };
    const inside = (list: readonly Drawn[], name = "-", around = loops): Step[] =>
      makeDrawn(list, `${id}${name}`, around);
    switch (drawn.type) {
      case "op":
        return makeStep(id, {
          config: { text: "${v ?? '-'} ${item ?? '-'} ${loop.iteration ?? '-'}" },
          extract: [makeExtraction("v", "$.v")],
          ...more,
        });
      case "sleep":
        return makeFlow("sleep", id, { duration: drawn.ms }, more);
      case "group":
        return makeFlow("group", id, { steps: inside(drawn.steps) }, more);
      case "condition":
        return makeFlow(
          "condition",
          id,
          { expression: writeTest(drawn.test), then: inside(drawn.then, "t"), else: inside(drawn.else, "e") },
          more,
        );
      case "switch":
        return makeFlow(
          "switch",
          id,
          {
            cases: drawn.tests.map((asked, at) => ({
              expression: writeTest(asked),
              steps: inside(drawn.cases[at] ?? [], `c${at}-`),
            })),
            default: inside(drawn.cases[2] ?? [], "d"),
          },
          more,
        );
      case "loop":
        return makeFlow("loop", id, { ...writeLoop(drawn), steps: inside(drawn.steps, "-", [...loops, id]) }, more);
      case "break":
      case "continue": {
        const loop = loops.at(-1 - drawn.out);
        return loop === undefined
          ? makeFlow("group", id, { steps: [] }, more)
          : makeFlow(drawn.type, id, { loop }, more);
      }
      case "parallel":
        return makeFlow("parallel", id, { concurrency: drawn.concurrency, steps: inside(drawn.steps, "-", []) }, more);
      case "retry":
        return makeFlow(
          "retry",
          id,
          { max_attempts: drawn.attempts, delay: drawn.delay, steps: inside(drawn.steps) },
          more,
        );
      case "wait_until":
        return makeFlow(
          "wait_until",
          id,
          {
            condition: writeTest(drawn.test),
            timeout: drawn.timeout,
            interval: drawn.interval,
            steps: inside(drawn.steps),
          },
          more,
        );
      case "call": {
        const config = {
          params: (drawn.gives ? { v: "${v ?? '-'}" } : {}) as JsonObject,
          defaults: [],
          declared: [],
          returns: drawn.takes ? [["v", "v ?? '-'"]] : [],
          steps: inside(drawn.steps, "-", []) as unknown as Json,
        };
        return makeStep(id, { type: "call", config, ...more });
      }
    }
  });
}

function writeLoop(drawn: Extract<Body, { type: "loop" }>): object {
  const common = {
    max_iterations: drawn.limit,
    break_condition: writeTest(drawn.breaks),
    continue_condition: writeTest(drawn.continues),
  };
  if (drawn.mode === "for") return { ...common, count: `\${${drawn.count}}` };
  if (drawn.mode === "while") return { ...common, condition: `loop.index < ${drawn.count}` };
  return { ...common, items: `\${split(substr('a,b,c,d', 0, ${Math.max(0, drawn.count * 2 - 1)}), ',')}` };
}
