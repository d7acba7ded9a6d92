/** A search for the highest load that a scenario's target holds: up by a factor until a level breaks, then by halves. */
export interface LimitSearch {
  /** Iterations started per second, or VUs. */
  readonly of: "rate" | "vus";
  readonly from: number;
  /** Never above this. */
  readonly to: number;
  /** What each level is of the one before while none has broken; above 1. */
  readonly factor: number;
  /** The first part of a level, which is not looked at, and the least rest after one that broke; ms of the scenario's time. */
  readonly settleMs: number;
  /** The part of a level that is judged, ms of the scenario's time. */
  readonly holdMs: number;
  /** The longest rest beyond that: what a broken level left undone is done by then, or never; ms. */
  readonly restMs: number;
  /** How far apart, as a share of the lower, the highest level that held and the lowest that broke may stay. */
  readonly tolerance: number;
}
