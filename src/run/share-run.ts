import type { Frame } from "../protocol/frame.ts";
import type { Inputs } from "../protocol/message.ts";
import type { Plan, Share } from "../protocol/plan.ts";
import type { Clock, Log, Permit, Random } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";

export interface ShareRunOptions {
  readonly plan: Plan;
  readonly share: Share;
  readonly inputs: Inputs;
  readonly slaveId: string;
  /** Worker threads; 1 runs in the calling thread. Never more than VUs. */
  readonly threads: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly permit: Permit;
}

export interface ShareRunEvents {
  /** Once a second and at the end; numbered from 1, never changed afterwards. */
  onFrame(frame: Frame): void;
  /** Every scenario of the share has ended and the last frame is out. */
  onDone(lastFrame: number): void;
  /** The engine itself failed; the run is closed. */
  onFault(error: unknown): void;
}

/** Turns a share into frames. */
export interface ShareRun {
  /** Loads executors and compiles, on every thread. Throws EngineError. */
  prepare(): Promise<void>;
  /** Runs `setup` once, on one thread. Throws EngineError `setup_failed` or `setup_timeout`. Measured into frames. */
  setup(): Promise<SharedValues>;
  /** Sets the start instant (`Clock.now()` of the calling thread), on all threads. */
  start(at: number, shared: SharedValues): void;
  /** Freezes the test clock at this test time, or now if it has passed; resolves with the test time. No new iteration starts. */
  pause(atTestTimeMs: number): Promise<number>;
  /** Resolves with the test time. */
  resume(): Promise<number>;
  /** Sets VUs (or the rate) of a scenario, linearly over `overMs` of test time. Throws EngineError `conflict` where the mode has none to set. */
  scale(scenario: string, target: number, overMs: number): Promise<void>;
  /** No new starts from now; running iterations get `graceMs`, then they are interrupted. Again with less: shortens. */
  stop(graceMs: number): void;
  /** Throws EngineError `teardown_failed` or `teardown_timeout`. */
  teardown(shared: SharedValues): Promise<void>;
  /** Ends everything now; idempotent; waits for threads, sockets and timers. */
  close(): Promise<void>;
}
