import type { Failure, Readable } from "../../protocol/step.ts";
import { read } from "../../protocol/step.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { combine, isLeaving, leaving, passed, stay } from "../outcome.ts";

/** A loop while it runs; `loop` in expressions. */
export class Passes implements Readable {
  readonly vu: FlowVu;
  readonly deadline: number;
  /** null: a condition decides. */
  readonly count: number | null;
  readonly items: readonly unknown[] | null;
  /** Of the pass that runs or is about to, from 0. */
  index = -1;
  whole: Outcome = passed;
  /** Why the loop ends. */
  failure: Failure | null = null;
  over = false;
  /** The pass does not run. */
  leftOut = false;

  constructor(vu: FlowVu, deadline: number, count: number | null, items: readonly unknown[] | null) {
    this.vu = vu;
    this.deadline = deadline;
    this.count = count;
    this.items = items;
  }

  /** Takes the outcome of a pass; `stepId` is the loop's. */
  note(outcome: Outcome, stepId: string): void {
    const { jump } = this.vu;
    if (isLeaving(outcome) && jump?.loop === stepId) {
      this.over = !jump.again;
      this.whole = combine(this.whole, stay(outcome));
      return;
    }
    this.whole = combine(this.whole, outcome);
    this.over = this.whole >= leaving;
  }

  [read](key: string): unknown {
    switch (key) {
      case "index":
        return this.index;
      case "iteration":
        return this.index + 1;
      case "count":
        return this.count ?? undefined;
      case "item":
        return this.items?.[this.index];
      default:
        return undefined;
    }
  }
}
