import type { Failure } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { after } from "../after.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { combine, interrupted, leaving } from "../outcome.ts";
import { compilePause } from "../pause.ts";
import type { StepCompiler } from "../place.ts";
import { waitUntil } from "../wait.ts";
import { type WaitUntilConfig, waitUntilSpec } from "./spec.ts";

/** Looks at the condition, and runs its steps before each look, until it holds or the time is up; the last look is then. */
export const waitUntilCompiler: StepCompiler = {
  spec: waitUntilSpec,
  runsAll: true,
  repeats: true,
  compile: (step, place, tags, compileSteps) => {
    const config = step.config as unknown as WaitUntilConfig;
    const { clock } = place;
    const holds = place.texts.condition(config.condition);
    const runSteps = compileSteps(config.steps as unknown as readonly Step[], place);
    const timeout = compilePause({ minMs: config.timeout, maxMs: config.timeout }, place);
    const interval = compilePause({ minMs: config.interval, maxMs: config.interval }, place);

    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => {
        const startedAt = clock.now();
        return after(runSteps(vu, deadline), (whole): Outcome | Promise<Outcome | Failure> =>
          whole >= leaving || holds(vu) ? whole : keepLooking(vu, deadline, startedAt, whole),
        );
      },
    };

    async function keepLooking(
      vu: FlowVu,
      deadline: number,
      startedAt: number,
      before: Outcome,
    ): Promise<Outcome | Failure> {
      const limit = timeout(vu);
      const pause = Math.max(1, interval(vu));
      const end = Math.min(deadline, startedAt + limit);
      let whole = before;
      for (let looks = 1; ; looks++) {
        const now = clock.now();
        if (now >= end) return { code: "timeout", message: describeEnd(config, limit, looks) };
        if (!(await waitUntil(Math.min(now + pause, end), clock, vu.halt))) return interrupted;
        whole = combine(whole, await runSteps(vu, deadline));
        if (whole >= leaving || holds(vu)) return whole;
      }
    }
  },
};

function describeEnd({ condition }: WaitUntilConfig, limitMs: number, looks: number): string {
  const text = condition.length > 200 ? `${condition.slice(0, 200)}…` : condition;
  return `\`${text}\` did not hold within ${limitMs} ms, looked at ${looks} ${looks === 1 ? "time" : "times"}`;
}
