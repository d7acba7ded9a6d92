import type { ThresholdResult } from "./report.ts";

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

/** A level of a search that was judged. */
export interface LimitLevel {
  /** Iterations per second, or VUs. */
  readonly target: number;
  /** Test time, ms, from the settling on. */
  readonly from_ms: number;
  readonly to_ms: number;
  readonly held: boolean;
  /** Iterations that finished per second, and starts that found no VU, in the part that was judged. */
  readonly achieved_per_s: number;
  readonly dropped: number;
  /** Over the part that was judged, in the workflow's order. */
  readonly thresholds: readonly ThresholdResult[];
  /** What broke it; null: it held. */
  readonly why: string | null;
}

/** What a search came to, or has come to so far. */
export interface FoundLimit {
  readonly scenario: string;
  readonly of: LimitSearch["of"];
  /** The highest target that held; null: none did. */
  readonly limit: number | null;
  /** Why nothing above it holds, or why it ended before that was known. */
  readonly reason: string;
  /** In the order in which they were tried. */
  readonly levels: readonly LimitLevel[];
}
