import type { Clock } from "../protocol/ports.ts";
import type { Failure, StepResult } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { Trace } from "../protocol/trace.ts";
import type { Check } from "./assert/check.ts";
import type { FlowVu } from "./flow-vu.ts";
import { aborted, failed, interrupted, type Outcome } from "./outcome.ts";
import type { RunSteps } from "./place.ts";
import { asFailure, type StepRecord } from "./step-record.ts";

/** A step that tells when it begins and how it ended. */
export function traceStep(step: Step, part: string, run: RunSteps, clock: Clock, trace: Trace): RunSteps {
  return async (vu, deadline) => {
    listChanges(vu);
    trace({ type: "began", step: step.id, stepType: step.type, part });
    const from = clock.now();
    const outcome = await run(vu, deadline);
    const durationMs = clock.now() - from;
    trace({ type: "ended", step: step.id, outcome: nameOutcome(outcome), durationMs, variables: listChanges(vu) });
    return outcome;
  };
}

/** A step's record that tells its failures. */
export function traceRecord(step: Step, record: StepRecord, trace: Trace): StepRecord {
  return {
    ...record,
    fail: (vu, failure, result) => {
      trace({ type: "failed", step: step.id, ...failure });
      return record.fail(vu, failure, result);
    },
    failAfter: (vu, failure) => {
      trace({ type: "failed", step: step.id, ...failure });
      return record.failAfter(vu, failure);
    },
  };
}

type Look = (vu: FlowVu, result: StepResult, before: Failure | null, count: boolean) => Failure | null;

/** A look at a result that tells the result itself, when it is counted. */
export function traceResult(step: Step, examine: Look, trace: Trace): Look {
  return (vu, result, before, count) => {
    if (count) trace({ type: "gave", step: step.id, target: result.target, text: result.text() });
    return examine(vu, result, before, count);
  };
}

/** An extraction, assertion or check that tells what came of it. */
export function traceCheck(
  step: Step,
  kind: "extract" | "assert" | "check",
  name: string,
  check: Check,
  trace: Trace,
): Check {
  return (vu, result) => {
    try {
      const problem = check(vu, result);
      trace({ type: "looked", step: step.id, kind, name, problem });
      return problem;
    } catch (error) {
      trace({ type: "looked", step: step.id, kind, name, problem: asFailure(error).message });
      throw error;
    }
  };
}

function nameOutcome(outcome: Outcome): "passed" | "failed" | "interrupted" {
  if (outcome === interrupted) return "interrupted";
  return outcome === aborted || (outcome & failed) !== 0 ? "failed" : "passed";
}

/** What each map of variables held when it was last looked at. */
const seen = new WeakMap<ReadonlyMap<string, unknown>, Map<string, unknown>>();

function listChanges({ variables, vuVariables }: FlowVu): [string, unknown][] {
  return [vuVariables, variables].flatMap((map) => {
    const before = seen.get(map) ?? new Map<string, unknown>();
    seen.set(map, new Map(map));
    return [...map].filter(([name, value]) => !before.has(name) || before.get(name) !== value);
  });
}
