import fc from "fast-check";
import { expect, test } from "vitest";
import { type Body, type Drawn, drawnSteps, makeDrawn } from "../../test/support/drawn-flow.ts";
import { tellDrawn } from "../../test/support/drawn-reference.ts";
import {
  type Answer,
  type Call,
  type FlowRun,
  makeExtraction,
  makeFlow,
  makeStep,
  startFlow,
} from "../../test/support/flow-run.ts";
import type { Clock } from "../protocol/ports.ts";
import { waitUntil } from "./wait.ts";
import type { FlowVu } from "./flow-vu.ts";

const startAt = 1000;

/** Starts the drawn tree with operations that take their time on the flow's clock, within their deadline. */
async function startDrawn(drawn: readonly Drawn[], trace: string[]): Promise<FlowRun> {
  const bodies = new Map<string, Extract<Body, { type: "op" }>>();
  collectOperations(drawn, "s", bodies);
  let clock: Clock | null = null;
  const behave = async (call: Call): Promise<Answer> => {
    const { ms, period } = bodies.get(call.step) ?? { ms: 0, period: 1 };
    const now = clock?.now() ?? 0;
    const failure = (code: string): Answer => ({ failure: { code, message: code } });
    const end = now + ms;
    if (ms > 0 && clock !== null) {
      const done = await waitUntil(Math.min(end, call.deadline), clock, call.vu.signal);
      if (!done) return { interrupted: true };
    }
    if (end > call.deadline) return failure("timeout");
    return call.number % period === 0 ? failure("1000") : { body: `{"v": "${call.step}#${call.number}"}` };
  };
  // Names that some trees do not set are known all the same.
  const sets = makeStep("sets", { extract: [makeExtraction("v", "$.v")] });
  const known = makeFlow("loop", "known", { items: [], steps: [sets] }, { disabled: true });
  const flow = await startFlow([...makeDrawn(drawn, "s"), known], {
    behave: (call) => {
      trace.push(`${clock?.now() ?? 0} ${call.step} ${(call.config as { text: string }).text}`);
      const body = bodies.get(call.step);
      // Half of the trees' operations answer at once, without a promise.
      return body?.ms === 0 && body.period % 2 === 0 ? answerNow(call, body.period) : behave(call);
    },
    workflow: { variables: {} },
  });
  clock = flow.clock;
  return flow;
}

function answerNow({ step, number }: Call, period: number): Answer {
  if (number % period === 0) return { failure: { code: "1000", message: "1000" } };
  return { body: `{"v": "${step}#${number}"}` };
}

function collectOperations(
  steps: readonly Drawn[],
  prefix: string,
  into: Map<string, Extract<Body, { type: "op" }>>,
): void {
  for (const [index, drawn] of steps.entries()) {
    const id = `${prefix}${index}`;
    if (drawn.type === "op") into.set(id, drawn);
    if (drawn.preHook !== null) collectOperations([drawn.preHook], `${id}p`, into);
    if (drawn.postHook !== null) collectOperations([drawn.postHook], `${id}q`, into);
    if (drawn.type === "condition") {
      collectOperations(drawn.then, `${id}t`, into);
      collectOperations(drawn.else, `${id}e`, into);
    } else if (drawn.type === "switch") {
      for (const [at, steps] of drawn.cases.entries())
        collectOperations(steps, at === 2 ? `${id}d` : `${id}c${at}-`, into);
    } else if ("steps" in drawn) collectOperations(drawn.steps, `${id}-`, into);
  }
}

function hasParallel(steps: readonly Drawn[]): boolean {
  return JSON.stringify(steps).includes('"parallel"');
}

/** In time; of one time in the order told, which is the order in which they run unless branches run side by side. */
function sortTrace(trace: readonly string[], parallel: boolean): string[] {
  return parallel ? trace.toSorted() : [...trace];
}

test("a tree of steps of all types does what the reference interpreter says, to the millisecond", async () => {
  await fc.assert(
    fc.asyncProperty(drawnSteps, async (drawn) => {
      const told = tellDrawn(drawn, startAt);
      const trace: string[] = [];
      const flow = await startDrawn(drawn, trace);
      const iteration = flow.iterate();
      await flow.clock.turn(told.end - startAt);
      expect(await Promise.race([iteration, Promise.resolve("still running")])).toBe(told.outcome);
      const parallel = hasParallel(drawn);
      expect(sortTrace(trace, parallel)).toEqual(sortTrace(told.trace, parallel));
      const counts = new Map(
        [...told.counts].map(([id, [failed, all]]) => [`step_failed{step:${id}}`, `${failed}/${all}`]),
      );
      const { series } = flow.cut();
      const counted = Object.entries(series)
        .filter(([name]) => name.startsWith("step_failed"))
        .map(([name, value]) => [name.replace(/,group:[^}]*/, ""), value] as const);
      expect(new Map(counted.toSorted())).toEqual(new Map([...counts].toSorted()));
      expect(flow.clock.pending).toBe(0);
    }),
    { numRuns: 400 },
  );
});

test("a stop at any time ends it at once: what ran before it ran, nothing after it, and it is interrupted", async () => {
  await fc.assert(
    fc.asyncProperty(drawnSteps, fc.integer({ min: 0, max: 30 }), async (drawn, after) => {
      const stopAt = startAt + after + 0.5;
      const told = tellDrawn(drawn, startAt);
      const trace: string[] = [];
      const flow = await startDrawn(drawn, trace);
      const iteration = flow.iterate();
      await flow.clock.turn(stopAt - startAt);
      flow.stop.abort();
      await flow.clock.turn(0);
      const outcome = await Promise.race([iteration, Promise.resolve("still running")]);
      expect(outcome).toBe(told.end > stopAt ? "interrupted" : told.outcome);
      const before = told.trace.filter((line) => Number(line.split(" ")[0]) < stopAt);
      const parallel = hasParallel(drawn);
      expect(sortTrace(trace, parallel)).toEqual(sortTrace(before, parallel));
      expect(flow.clock.pending).toBe(0);
      expect((flow.vu as FlowVu).loop).toBeUndefined();
      expect(flow.vu.variables.has("item")).toBe(false);
    }),
    { numRuns: 200 },
  );
});
