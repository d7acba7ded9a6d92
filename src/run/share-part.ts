import type { Frame } from "../protocol/frame.ts";
import type { SharedValues } from "../protocol/report.ts";

/** What one thread measured in an interval. */
export type FramePart = Omit<Frame, "number">;

export interface SharePartEvents {
  onFrame(part: FramePart): void;
  /** Every scenario has ended and the last frame is out (but for teardown's). */
  onDone(): void;
  onFault(error: unknown): void;
}

/**
 * One thread's part of a share, in the calling thread or behind messages. Instants are `Clock.now()` of the caller.
 * See `ShareRun` for what the methods promise.
 */
export interface SharePart {
  prepare(): Promise<void>;
  setup(): Promise<SharedValues>;
  start(at: number, shared: SharedValues): void;
  pause(atTestTimeMs: number): Promise<number>;
  /** The test clock goes on at this instant from this test time. */
  resume(at: number, testTimeMs: number): void;
  /** From this test time on; `scenario` is its place in the plan. The caller has checked that the mode allows it. */
  scale(scenario: number, testTimeMs: number, target: number, overMs: number): void;
  stop(graceMs: number): void;
  teardown(shared: SharedValues): Promise<void>;
  close(): Promise<void>;
}
