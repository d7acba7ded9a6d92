import type { Tags } from "../measure/recorder.ts";
import type { Failure } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { Attempt } from "./attempt.ts";
import { compileExamine } from "./examine.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { aborted, combine, failed, interrupted, isLeaving, leaving, passed } from "./outcome.ts";
import type { FlowBody, Place } from "./place.ts";
import type { StepRecord } from "./step-record.ts";
import { asFailure, recordMilliseconds } from "./step-record.ts";

/** How a flow step's inside ended, and how long it took without think time. */
interface Tried {
  readonly ended: Outcome | Failure;
  readonly duration: number;
}

/**
 * Puts around a flow step's inside what every step has: timeout, assertions (they look at the latest response) and
 * counting. A failed child fails the step; its error is not counted again. A child that says `continue` lets the step
 * go on to its end, and the step's own `on_error` can only soften that (`skip`).
 */
export function compileFlowStep(
  step: Step,
  body: FlowBody,
  tags: Tags,
  record: StepRecord,
  place: Place,
): Attempt<Tried> {
  const { clock } = place;
  const examines = step.extract.length + step.assert.length + step.checks.length > 0;
  const examine = examines ? compileExamine(step, tags, place) : null;
  const timeoutMs = step.timeoutMs ?? Infinity;

  return {
    run: (vu, deadline) => {
      const startedAt = clock.now();
      const thoughtMs = vu.thoughtMs;
      const makeTried = (ended: Outcome | Failure): Tried => {
        const now = clock.now();
        const late = now >= startedAt + timeoutMs && typeof ended === "number" && ended < aborted;
        const duration = now - startedAt - (vu.thoughtMs - thoughtMs);
        return { ended: late ? timeoutFailure(step) : ended, duration };
      };
      const limit = Math.min(deadline, startedAt + timeoutMs);
      try {
        const ended = body.run(vu, limit);
        if (!(ended instanceof Promise)) return makeTried(ended);
        return ended.then(makeTried, (error: unknown) => makeTried(asFailure(error)));
      } catch (error) {
        return makeTried(asFailure(error));
      }
    },
    hasFailed: (vu, { ended }) => !isOver(ended) && (ended !== passed || lookAtResponse(vu, false) !== null),
    settle: (vu, { ended, duration }, ofAll) => {
      if (ended === interrupted) return interrupted;
      for (const trend of body.durations) recordMilliseconds(trend, ofAll ?? duration);
      const failure = typeof ended === "number" ? lookAtResponse(vu, true) : ended;
      const jump: Outcome = typeof ended === "number" && isLeaving(ended) ? leaving : passed;
      if (failure !== null && ended !== aborted) {
        return combine(record.fail(vu, failure, vu.response ?? null), jump);
      }
      if (hasPassed(ended)) {
        record.pass();
        return jump;
      }
      const outcome = record.failInside();
      return ended === aborted ? outcome : combine(Math.min(outcome, failed) as Outcome, jump);
    },
  };

  function lookAtResponse(vu: FlowVu, count: boolean): Failure | null {
    if (examine === null) return null;
    if (vu.response === undefined) return { code: "assertion", message: "there is no response to look at" };
    return examine(vu, vu.response, null, count);
  }
}

/** Another attempt has no place: a `break` leaves the step, or a stop ended it. */
function isOver(ended: Outcome | Failure): boolean {
  return typeof ended === "number" && (ended === interrupted || isLeaving(ended));
}

/** Without its own or an inner failure. */
function hasPassed(ended: Outcome | Failure): boolean {
  return ended === passed || ended === leaving;
}

/** The step's own deadline passed. */
function timeoutFailure(step: Step): Failure {
  return { code: "timeout", message: `not done within its timeout of ${step.timeoutMs} ms` };
}
