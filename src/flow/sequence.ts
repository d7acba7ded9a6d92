import type { StepResult } from "../protocol/step.ts";
import type { CompiledStep } from "./compile-step.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { combine, interrupted, leaving, passed } from "./outcome.ts";

/** What the caller wants to hear for each Outcome. */
export type Answers<Answer> = readonly [
  passed: Answer,
  failed: Answer,
  leaving: Answer,
  leavingFailed: Answer,
  aborted: Answer,
  interrupted: Answer,
];

/** The outcomes themselves. */
export const outcomes: Answers<Outcome> = [0, 1, 2, 3, 4, 5];

/**
 * Steps one after the other, until one aborts or leaves or the VU is interrupted; the outcomes are combined. `begin` is
 * called first, null: nothing to begin. Steps that wait for nothing cost no promise; from the first that does, one for
 * the list and none per plain step but the operation's own.
 */
export function compileSequence<Answer>(
  steps: readonly CompiledStep[],
  begin: ((vu: FlowVu) => void) | null,
  answers: Answers<Answer>,
): (vu: FlowVu, deadline: number) => Answer | Promise<Answer> {
  const count = steps.length;

  return (vu, deadline) => {
    if (begin !== null) begin(vu);
    let whole: Outcome = passed;
    for (let index = 0; index < count; index++) {
      // Before the first step the caller has looked.
      if (index > 0 && vu.halt.aborted) return answers[interrupted];
      const ended = startStep(steps[index] as CompiledStep, vu, deadline);
      if (typeof ended !== "number") return goOn(vu, deadline, index, whole, ended);
      whole = combine(whole, ended);
      if (whole >= leaving) break;
    }
    return answers[whole];
  };

  /** From a step that is waited for. */
  async function goOn(vu: FlowVu, deadline: number, from: number, before: Outcome, first: Pending): Promise<Answer> {
    let whole = before;
    let pending: Pending | Outcome = first;
    // By index: an iterator would have to be closed behind every await.
    for (let index = from; ; pending = startStep(steps[index] as CompiledStep, vu, deadline)) {
      let outcome: Outcome;
      const { plain } = steps[index] as CompiledStep;
      if (typeof pending === "number") outcome = pending;
      else if (plain === null) outcome = (await pending) as Outcome;
      else {
        try {
          outcome = plain.settle(vu, (await pending) as StepResult);
        } catch (error) {
          outcome = plain.settleThrown(vu, error);
        }
      }
      whole = combine(whole, outcome);
      if (whole >= leaving || ++index === count) return answers[whole];
      if (vu.halt.aborted) return answers[interrupted];
    }
  }
}

/** A plain step's result, or another step's outcome. */
type Pending = Promise<StepResult | Outcome>;

function startStep({ plain, run }: CompiledStep, vu: FlowVu, deadline: number): Outcome | Pending {
  if (run !== null) return run(vu, deadline);
  if (plain === null) return passed;
  try {
    const result = plain.operation(vu, deadline);
    return result instanceof Promise ? result : plain.settle(vu, result);
  } catch (error) {
    return plain.settleThrown(vu, error);
  }
}
