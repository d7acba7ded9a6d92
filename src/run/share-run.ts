import type { JsonObject } from "../protocol/json.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Arrivals, Departures, Inputs, Released, ScenarioPause } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import type { IterationRange, Plan, Share, VuIteration } from "../protocol/plan.ts";
import type { Clock, Log, Random, TargetLists } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { Trace } from "../protocol/trace.ts";

export interface ShareRunOptions {
  readonly plan: Plan;
  readonly share: Share;
  readonly inputs: Inputs;
  readonly slaveId: string;
  /** Worker threads; 1 runs in the calling thread. Never more than VUs. */
  readonly threads: number;
  readonly clock: Clock;
  readonly random: Random;
  /** The same on all nodes of the execution, 32 bits. */
  readonly seed: number;
  readonly log: Log;
  /** What load may be sent to; null: everything. */
  readonly targets: TargetLists | null;
  /** Databases and brokers that this slave knows by name. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** Whether the workflow may name files of this machine: who wrote it runs it here. */
  readonly opensFiles: boolean;
  readonly files: FilePaths;
  /** Hears all that VUs do, on one thread; absent: nobody looks on. */
  readonly trace?: Trace | undefined;
  /**
   * The lease (`createLeaseMemory`), which every thread reads before each send; `clock` must be the system's then. With a
   * lease an owner feeds the share: shared iterations are allotted, iterations of a VU are claimed, and a share of which
   * nothing is left to do waits for a grant, or for `stop`. null: the share is the whole, nothing ever ends it.
   */
  readonly leaseMemory: SharedArrayBuffer | null;
}

export interface ShareRunEvents {
  /** Once a second and at the end; numbered from 1, never changed afterwards. */
  onFrame(frame: Frame): void;
  /** Every scenario of the share has ended, the last at this test time, and the last frame is out. */
  onDone(lastFrame: number, testTimeMs: number): void;
  /** The engine itself failed; the run is closed. */
  onFault(error: unknown): void;
  /** Test time 0 has passed on every thread; the instant (`Clock.now()`) of the latest. */
  onStarted(instant: number): void;
  /** How it stands at the rendezvous of a scenario on one thread; only of scenarios that have some. */
  onArrivals(arrivals: Arrivals): void;
  /** Less than half a second's shared iterations are left, or no unique row. Once per `allot`. `line` as in `allot`. */
  onWant(line: string): void;
  /** A fed share has nothing to do since this test time; said again after each grant and scale that leaves it so. */
  onIdle(testTimeMs: number): void;
  /** These VUs (by index) want to begin iterations below these numbers. */
  onClaim(scenario: string, through: readonly VuIteration[]): void;
  /** Unique rows of a line that this share does not need now, or no more. */
  onReturn(line: string, ranges: readonly IterationRange[]): void;
  /** A feeder had no row for somebody and will have none. Once. */
  onRowsOver(feeder: string): void;
}

/** Turns a share into frames. */
export interface ShareRun {
  /** Reads through the feeders' files, loads executors and compiles, on every thread; gives how many rows each feeder has. Throws EngineError. */
  prepare(): Promise<readonly number[]>;
  /** Runs `setup` once, on one thread. Throws EngineError `setup_failed` or `setup_timeout`. Measured into frames. */
  setup(): Promise<SharedValues>;
  /** Sets the start instant (`Clock.now()` of the calling thread), on all threads. `pauses`: of scenarios that stood before. */
  start(at: number, shared: SharedValues, pauses?: readonly ScenarioPause[]): void;
  /** Freezes the test clock at this test time, or now if it has passed; resolves with the test time. No new iteration starts. */
  pause(atTestTimeMs: number): Promise<number>;
  /**
   * The test clock goes on so that at the `Clock.now()` `at` it would show `testTimeMs`; where it stopped later it stands
   * longer. Nothing where it is not paused. Resolves when it goes on, with the test time it stood at.
   */
  resume(at: number, testTimeMs: number): Promise<number>;
  /** As `pause` and `resume`, of one scenario alone and in its own time; see the orders. Throws EngineError for an unknown one. */
  pauseScenario(scenario: string, atMs: number): Promise<number>;
  resumeScenario(scenario: string, atMs: number, pausedMs: number): Promise<number>;
  /**
   * Sets VUs (or the rate) of a scenario, linearly over `overMs` of test time, from `atMs` of its own time (now) on; where that
   * has passed, as if it had acted then. Resolves with that time once it acts. Throws EngineError `conflict` where
   * the mode has none to set, `invalid_request` for what cannot be set.
   */
  scale(scenario: string, target: number, overMs: number, atMs?: number): Promise<number>;
  /**
   * Keeps only this part of the share. Given-up VUs finish their iterations, at most the graceful stop long. Windows of
   * arrivals may also reach further than before; where windows are kept and no VU is, the VUs serve them to their end
   * first. A scenario that keeps VUs keeps its shared iterations too, one without gives them back. Resolves once nothing
   * outside the part can start any more.
   */
  release(share: Share): Promise<Released>;
  /** The whole share from now on, but for its shared iterations. VUs and windows that are held go on undisturbed. */
  grant(share: Share): void;
  /** More shared iterations of a scenario, or unique rows of a feeder (`data.<name>`); `last`: there will be no more. */
  allot(line: string, ranges: readonly IterationRange[], last: boolean): void;
  /** These VUs may begin iterations below these numbers. */
  claimed(scenario: string, through: readonly VuIteration[]): void;
  /** VUs at rendezvous go on. */
  proceed(scenario: string, thread: number, points: readonly Departures[]): void;
  /** The lease is over: running operations are aborted and their iterations interrupted; nothing starts until `goOn`. */
  suspend(): void;
  /** What stood still goes on, as far as the lease in memory allows. */
  goOn(): void;
  /** No new starts from now; running iterations get `graceMs`, then they are interrupted. Again with less: shortens. */
  stop(graceMs: number): void;
  /** Throws EngineError `teardown_failed` or `teardown_timeout`. */
  teardown(shared: SharedValues): Promise<void>;
  /** Ends everything now; idempotent; waits for threads, sockets and timers. Resolves with the number of the very last frame. */
  close(): Promise<number>;
}
