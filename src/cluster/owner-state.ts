import type { Snapshot } from "../measure/snapshot.ts";
import type { Inputs } from "../protocol/message.ts";
import type { Plan, Share } from "../protocol/plan.ts";
import type { ExecutionEvent, Reason, SharedValues } from "../protocol/report.ts";
import type { LiveThresholds } from "./live-thresholds.ts";

/** The owner's two clocks at an event: monotonic and epoch milliseconds. */
export interface Instant {
  readonly now: number;
  readonly wall: number;
}

/** Everything an owner knows of its execution; `advanceOwner` moves it. */
export interface OwnerState {
  readonly executionId: string;
  readonly plan: Plan;
  readonly inputs: Inputs;
  /** Those that belong to the execution now; lost ones are taken out. */
  readonly slaves: OwnedSlave[];
  readonly snapshot: Snapshot;
  readonly thresholds: LiveThresholds;
  /** How far ahead the start instant is set; 0: at once, when the slave says so. */
  readonly startLeadMs: number;
  /** Who runs setup or teardown at present. */
  alone: string | null;
  phase: "preparing" | "setup" | "running" | "stopping" | "teardown" | "closing" | "done";
  /** What setup handed on; null until it succeeded. */
  shared: SharedValues | null;
  cause: Cause | null;
  /** The start instant by both of the owner's clocks. */
  started: Instant | null;
  /** `Instant.now` at the end of the load. */
  endedAt: number | null;
  /** `Instant.now` since when the test clock stands. */
  pausedAt: number | null;
  pausedMs: number;
  /** Of the latest pause, resume or scale. */
  serial: number;
  readonly events: ExecutionEvent[];
}

/** Why an execution ended early or failed; `code` is the EngineError code where there was one. */
export interface Cause {
  readonly reason: Reason;
  readonly message: string;
  readonly code: string | null;
}

export interface OwnedSlave {
  readonly id: string;
  share: Share;
  state: "preparing" | "ready" | "running" | "ended" | "closed";
}

export interface OwnerOptions {
  readonly executionId: string;
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly slaves: readonly { readonly id: string; readonly share: Share }[];
  readonly snapshot: Snapshot;
  readonly thresholds: LiveThresholds;
  /** Default 0. */
  readonly startLeadMs?: number;
}

/** An execution that has not begun. */
export function createOwnerState(options: OwnerOptions): OwnerState {
  return {
    executionId: options.executionId,
    plan: options.plan,
    inputs: options.inputs,
    slaves: options.slaves.map(({ id, share }) => ({ id, share, state: "preparing" })),
    snapshot: options.snapshot,
    thresholds: options.thresholds,
    startLeadMs: options.startLeadMs ?? 0,
    alone: null,
    phase: "preparing",
    shared: null,
    cause: null,
    started: null,
    endedAt: null,
    pausedAt: null,
    pausedMs: 0,
    serial: 0,
    events: [],
  };
}

/** Test time at a moment of the owner's monotonic clock: time since the start instant without pauses; 0 before it. */
export function testTimeAt(state: OwnerState, now: number): number {
  if (state.started === null) return 0;
  const until = state.pausedAt ?? state.endedAt ?? now;
  return Math.max(0, until - state.started.now - state.pausedMs);
}
