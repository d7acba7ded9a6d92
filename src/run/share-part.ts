import type { RowIndex } from "../data/row-index.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Arrivals, Departures, ScenarioPause } from "../protocol/message.ts";
import type { IterationRange, Share, VuIteration } from "../protocol/plan.ts";
import type { SharedValues } from "../protocol/report.ts";

/** What one thread measured in an interval. */
export type FramePart = Omit<Frame, "number">;

export interface SharePartEvents {
  onFrame(part: FramePart): void;
  /** Every scenario has ended and the last frame is out (but for teardown's). */
  onDone(): void;
  onFault(error: unknown): void;
  /** Test time 0 has passed at this instant. */
  onStarted(instant: number): void;
  /** A fed share: no scenario has anything to do now, or one has again; said again after each change. */
  onIdle(idle: boolean, changes: number): void;
  /** A VU found no shared iteration left, or no unique row; `scenario` is the line: see `allot`. */
  onWant(scenario: number): void;
  /** These VUs want to begin iterations below these numbers. */
  onClaim(scenario: number, through: readonly VuIteration[]): void;
  onArrivals(arrivals: Omit<Arrivals, "thread" | "threads">): void;
  /** A unique row was claimed and not used: it is anybody's. */
  onSpareRow(line: number, row: number): void;
  /** A feeder (its place in the workflow) had no row for somebody, and will have none. Once. */
  onRowsOver(feeder: number): void;
}

/**
 * One thread's part of a share, in the calling thread or behind messages. Instants are `Clock.now()` of the caller.
 * See `ShareRun` for what the methods promise.
 */
export interface SharePart {
  prepare(indexes: readonly RowIndex[]): Promise<void>;
  setup(): Promise<SharedValues>;
  start(at: number, shared: SharedValues, pauses?: readonly ScenarioPause[]): void;
  pause(atTestTimeMs: number): Promise<number>;
  /** The test clock goes on at this instant from this test time. */
  resume(at: number, testTimeMs: number): void;
  /** As `pause` and `resume`, of one scenario (its place in the plan) alone; see the orders. */
  pauseScenario(scenario: number, atMs: number): Promise<number>;
  resumeScenario(scenario: number, atMs: number, pausedMs: number): void;
  /** A change. From this time of the scenario's own on; `scenario` is its place in the plan. The caller has checked that the mode allows it. */
  scale(scenario: number, testTimeMs: number, target: number, overMs: number): void;
  /** Keeps this alone; resolves, by scenario, with where the VUs that were given up would go on. */
  release(share: Share): Promise<VuIteration[][]>;
  /** A change. Its whole part from now on. */
  grant(share: Share): void;
  /**
   * The same ranges for every part, in the same order; the claims know of them already. Behind the places of the scenarios
   * are those of the feeders, for unique rows.
   */
  allot(scenario: number, ranges: readonly IterationRange[], last: boolean): void;
  claimed(scenario: number, through: readonly VuIteration[]): void;
  proceed(scenario: string, points: readonly Departures[]): void;
  /** The lease in memory has changed: look at it now. */
  watchLease(): void;
  stop(graceMs: number): void;
  teardown(shared: SharedValues): Promise<void>;
  close(): Promise<void>;
}
