import { EngineError } from "../errors.ts";
import type { ErrorSample } from "../protocol/frame.ts";
import type { Failure, StepResult } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { Tags, Trend } from "../measure/recorder.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { outcomeOfFailure } from "./outcome.ts";
import type { Place } from "./place.ts";

/** What a step counts of itself: a step is counted once, however many attempts it took. */
export interface StepRecord {
  pass(): void;
  /** Counts the failure with its error and gives what it means for the iteration. */
  fail(vu: FlowVu, failure: Failure, result: StepResult | null): Outcome;
  /** A step inside this one, or of its hooks, failed and was recorded: counts only this step. */
  failInside(): Outcome;
  /** Something after the step failed, which is counted already: records the error alone. */
  failAfter(vu: FlowVu, failure: Failure): Outcome;
}

/** Characters looked at for a sample: more than the recorder keeps, so that a secret is masked before it is cut. */
const maxSampleLength = 8 * 1024;

/** The handles of `step_failed` and of errors, made once. */
export function createStepRecord(step: Step, tags: Tags, place: Place): StepRecord {
  const { recorder, clock } = place;
  const stepFailed = recorder.rate("step_failed", tags);
  const outcome = outcomeOfFailure[step.onError];
  return {
    pass: () => stepFailed.add(false),
    failInside: () => {
      stepFailed.add(true);
      return outcome;
    },
    fail: (vu, failure, result) => {
      stepFailed.add(true);
      recordError(vu, failure, result);
      return outcome;
    },
    failAfter: (vu, failure) => {
      recordError(vu, failure, null);
      return outcome;
    },
  };

  function recordError(vu: FlowVu, { code, message }: Failure, result: StepResult | null): void {
    vu.latestFailure = { stepId: step.id, message };
    recorder.error(step.id, code, message, () => makeSample(result, clock.wall()));
  }
}

/** The recorder masks it and cuts it to size. */
function makeSample(result: StepResult | null, time: number): ErrorSample {
  if (result === null) return { time, url: "", status: 0, body: "" };
  return { time, url: result.target, status: result.statusCode, body: result.text().slice(0, maxSampleLength) };
}

/** A value that a VU's data makes impossible is a failure of the step; anything else thrown is a fault of the engine. */
export function asFailure(error: unknown): Failure {
  if (error instanceof EngineError && error.code === "template") return { code: "template", message: error.message };
  throw error;
}

/** Integer microseconds of a measured time. */
export function recordMilliseconds(trend: Trend, duration: number): void {
  trend.add(duration > 0 ? Math.round(duration * 1000) : 0);
}
