import type { Tags } from "../measure/recorder.ts";
import type { Failure, Operation, StepResult } from "../protocol/step.ts";
import type { Executor } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { Attempt } from "./attempt.ts";
import { compileExamine } from "./examine.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { interrupted, passed } from "./outcome.ts";
import type { Place } from "./place.ts";
import type { StepRecord } from "./step-record.ts";
import { asFailure, recordMilliseconds } from "./step-record.ts";
import { traceResult } from "./trace-step.ts";

/** An executor's operation with what follows it: the result kept, examined and counted. */
export interface CompiledOperation {
  readonly operation: Operation;
  settle(vu: FlowVu, result: StepResult): Outcome;
  /** For what the operation threw. Throws it again when it is a fault of the engine. */
  settleThrown(vu: FlowVu, error: unknown): Outcome;
  /** The same for steps that may try again. */
  readonly attempt: Attempt<Tried>;
}

/** The operation's result, or that its texts could not be filled in. */
type Tried = { readonly result: StepResult } | { readonly result: null; readonly failure: Failure };

/** Compiles a step of an executor. Throws EngineError for what cannot be compiled. */
export function compileOperation(
  step: Step,
  executor: Executor,
  tags: Tags,
  record: StepRecord,
  place: Place,
): CompiledOperation {
  const { references, texts } = place;
  const { trace } = place;
  const reads = trace === null ? references.readsOf(step.id) : { body: true, headers: true };
  const operation = limitOperation(executor.compile(step, { tags, reads, ...texts }), step.timeoutMs, place);
  const look = compileExamine(step, tags, place);
  const examine = trace === null || step.type === "http" ? look : traceResult(step, look, trace);
  const stepDuration = place.recorder.trend("step_duration", tags);
  const slot = references.slots.get(step.id) ?? -1;
  const keepsResponse = references.response && executor.keepsResponse !== true;

  return {
    operation,
    settle: (vu, result) => settle(vu, result, result.duration),
    settleThrown: (vu, error) => record.fail(vu, asFailure(error), null),
    attempt: {
      run: (vu, deadline) => {
        try {
          const result = operation(vu, deadline);
          return result instanceof Promise ? result.then(makeTried, makeUntried) : makeTried(result);
        } catch (error) {
          return makeUntried(error);
        }
      },
      hasFailed: (vu, tried) => {
        if (tried.result === null) return true;
        if (tried.result.interrupted) return false;
        keep(vu, tried.result);
        return examine(vu, tried.result, tried.result.failure, false) !== null;
      },
      settle: (vu, tried, duration) =>
        tried.result === null
          ? record.fail(vu, tried.failure, null)
          : settle(vu, tried.result, duration ?? tried.result.duration),
    },
  };

  function keep(vu: FlowVu, result: StepResult): void {
    if (slot >= 0) vu.results[slot] = result;
    if (keepsResponse) vu.response = result;
  }

  function settle(vu: FlowVu, result: StepResult, duration: number): Outcome {
    if (result.interrupted) return interrupted;
    keep(vu, result);
    const failure = examine(vu, result, result.failure, true);
    // Texts that could not be filled in are no operation, and have no duration.
    if (result.failure?.code !== "template") recordMilliseconds(stepDuration, duration);
    if (failure !== null) return record.fail(vu, failure, result);
    record.pass();
    return passed;
  }
}

function makeTried(result: StepResult): Tried {
  return { result };
}

function makeUntried(error: unknown): Tried {
  return { result: null, failure: asFailure(error) };
}

/** Each attempt has the step's `timeout` for itself, within the deadline of what is around the step. */
function limitOperation(operation: Operation, timeoutMs: number | null, { clock }: Place): Operation {
  if (timeoutMs === null) return operation;
  return (vu, deadline) => operation(vu, Math.min(deadline, clock.now() + timeoutMs));
}
