import type { Outcome } from "./outcome.ts";
import type { FlowVu } from "./flow-vu.ts";

/** One try of a step, and its end. */
export interface Attempt<Tried> {
  /** Fails only for an engine fault. */
  run(vu: FlowVu, deadline: number): Tried | Promise<Tried>;
  /** Would the step fail with this? Counts nothing. */
  hasFailed(vu: FlowVu, tried: Tried): boolean;
  /** Counts the step as this attempt left it; `duration` in milliseconds, null: that of the attempt alone. */
  settle(vu: FlowVu, tried: Tried, duration: number | null): Outcome;
}
