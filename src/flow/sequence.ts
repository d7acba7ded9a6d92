import type { CompiledStep } from "./compile-step.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { Outcome } from "./outcome.ts";
import { aborted, interrupted, passed } from "./outcome.ts";

/** What the caller wants to hear for each Outcome. */
export type Answers<Answer> = readonly [passed: Answer, failed: Answer, aborted: Answer, interrupted: Answer];

/** The outcomes themselves. */
export const outcomes: Answers<Outcome> = [0, 1, 2, 3];

/**
 * Steps one after the other, until one aborts or the VU is interrupted; the worst outcome counts. `begin` is called
 * first, null: nothing to begin. One promise for the list, and none per plain step but the operation's own.
 */
export function compileSequence<Answer>(
  steps: readonly CompiledStep[],
  begin: ((vu: FlowVu) => void) | null,
  answers: Answers<Answer>,
): (vu: FlowVu, deadline: number) => Promise<Answer> {
  return async (vu, deadline) => {
    if (begin !== null) begin(vu);
    let worst: Outcome = passed;
    // By index: an iterator would have to be closed behind every await.
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as CompiledStep;
      // Before the first step the caller has looked.
      if (index > 0 && vu.signal.aborted) return answers[interrupted];
      let outcome: Outcome = passed;
      if (step.plain !== null) {
        try {
          outcome = step.plain.settle(vu, await step.plain.operation(vu, deadline));
        } catch (error) {
          outcome = step.plain.settleThrown(vu, error);
        }
      } else if (step.run !== null) {
        outcome = await step.run(vu, deadline);
      }
      if (outcome > worst) worst = outcome;
      if (worst >= aborted) break;
    }
    return answers[worst];
  };
}
