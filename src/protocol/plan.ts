import type { Scenario, Workflow } from "./workflow.ts";

/** A workflow made ready to split. */
export interface Plan {
  readonly workflow: Workflow;
  readonly scenarios: readonly PlannedScenario[];
  /** VUs asked for: the largest counts of all scenarios, summed. */
  readonly vus: number;
}

export interface PlannedScenario {
  readonly scenario: Scenario;
  /** `vu.id` = vuBase + index; indices are from 1 in each scenario. */
  readonly vuBase: number;
  /** The largest number of VUs the load can reach. */
  readonly largestVus: number;
  /** Test time from the scenario's start to the end of its load, without graceful stop; null: open end. */
  readonly durationMs: number | null;
}

/** A slave's or thread's part of a plan: one entry per scenario, in the plan's order. */
export interface Share {
  readonly scenarios: readonly ScenarioShare[];
}

/** Explicit parts of the scenario's global schedule. */
export interface ScenarioShare {
  /**
   * VU indices from 1, as disjoint, inclusive runs `[from, to]` in order of `from`, each with a step: from, from + step,
   * … to. Where a load can be scaled up the runs have no end (`Number.MAX_SAFE_INTEGER`): the shares divide all indices,
   * and which of them run is the profile's matter. In arrival modes they end at `max_vus`.
   */
  readonly vus: readonly IndexRun[];
  /**
   * Which arrivals (event index from 0) this share starts: windows in order of `from`, disjoint in the event index. A
   * window that follows another begins where that one ends or later. Empty in the other modes.
   */
  readonly arrivals: readonly ArrivalPattern[];
  /** Shared iterations: half-open ranges `[from, to)` of the global index. Threads of one slave claim from them. */
  readonly iterations: readonly IterationRange[];
  /** Iterations of each VU: with which number (from 0) VUs go on that were begun elsewhere. A VU not listed begins with 0. */
  readonly begun?: readonly VuIteration[];
}

/** Shared iterations by their global index, half-open. */
export type IterationRange = readonly [from: number, to: number];

/** A VU index and the number of an iteration of it, from 0. */
export type VuIteration = readonly [vu: number, iteration: number];

export interface IndexRun {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** Event k belongs to the share iff from <= k < to and (k mod period) is in offsets (ascending). */
export interface ArrivalPattern {
  readonly from: number;
  /** null: no end. */
  readonly to: number | null;
  readonly period: number;
  readonly offsets: readonly number[];
}
