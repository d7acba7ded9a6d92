import type { ErrorCode } from "../errors.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import type { Inputs, Order, ScenarioPause, SteeringOrder } from "../protocol/message.ts";
import type { Plan, Share } from "../protocol/plan.ts";
import type { EventType, ExecutionEvent, Reason, SharedValues } from "../protocol/report.ts";
import { createSearchState, type SearchState } from "./limit-state.ts";
import type { LiveThresholds } from "./live-thresholds.ts";
import type { RendezvousState } from "./rendezvous-state.ts";
import type { PausedScenario, SlavePause } from "./scenario-pause.ts";

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
  /** It was submitted with secrets, which setup may have handed on; an owner that took over has neither. */
  readonly hasSecrets: boolean;
  /** Those that belong to the execution now; lost ones are taken out. */
  readonly slaves: OwnedSlave[];
  readonly snapshot: Snapshot;
  readonly thresholds: LiveThresholds;
  /** How far ahead the start instant is set; 0: at once, when the slave says so. */
  readonly startLeadMs: number;
  /** How far ahead of the test clock a command acts: the time for everybody to be told. */
  readonly commandLeadMs: number;
  /** Is there something that nobody holds, for those who may still come? Where all have ended the load then waits. */
  readonly isWorkLeft: (now: number) => boolean;
  /** Who runs setup or teardown at present. */
  alone: string | null;
  phase: "preparing" | "setup" | "running" | "stopping" | "teardown" | "closing" | "done";
  /** What setup handed on; null until it succeeded; `held`: those who were started with it have it, and this owner does not. */
  shared: SharedValues | "held" | null;
  cause: Cause | null;
  /** The start instant by both of the owner's clocks. */
  started: Instant | null;
  /** `Instant.now` at the end of the load, which may be long before its owner heard of it. */
  endedAt: number | null;
  /** The furthest test time at which the load of a slave that is through, or lost, ended; null: of none yet. */
  loadMs: number | null;
  /** `Instant.now` since when, or from when, the test clock stands. */
  pausedAt: number | null;
  /** `Instant.now` at which it went, or will go, on after the latest pause. */
  resumedAt: number | null;
  /** Test time at the latest pause: before the resume instant the clock shows it still. */
  leastTestMs: number;
  pausedMs: number;
  /** `Instant.now` by which a stop leaves nothing running. */
  stopBy: number | null;
  /** `Instant.now` of the latest look at the thresholds. */
  lookedAt: number | null;
  /** Of the latest of them. */
  lastSerial: number;
  /** Commands in their order; every slave gets them one after another. */
  readonly steering: SteeringOrder[];
  /** By name, those that were ever paused by themselves. */
  readonly pausedScenarios: Map<string, PausedScenario>;
  /** Those whose callers are not answered yet. Not for those of an owner before this one. */
  readonly commands: PendingCommand[];
  /** By scenario: where its VUs wait for each other. */
  readonly rendezvous: Map<string, RendezvousState>;
  /** Changes of it that must be durable. */
  meetings: number;
  /** null: no scenario searches for its limit. */
  readonly search: SearchState | null;
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
  /** The start instant it was told, which is repeated as it is; null: not yet. */
  start: StartInstant | null;
  /** Pauses and resumes through this serial are in its start instant. */
  startSerial: number;
  /** Serial of the last command that is in force on it. */
  steered: number;
  /** The furthest test time at which it said that it stopped, or that its clock may have shown when its load ended. */
  furthestMs: number;
  /** How far ahead its test clock may be: pauses that are over and that it may not have heard of. */
  aheadMs: number;
  /** By scenario that was paused by itself. */
  readonly pauses: Map<string, SlavePause>;
  /** Test time at the end of its latest frame, ms; absent in what an older version wrote. */
  shownMs?: number;
}

/** When a slave is to start: so long after it was told, by the owner's epoch clock where that is known. */
export interface StartInstant {
  readonly inMs: number;
  readonly atWallMs: number | null;
  readonly pauses: readonly ScenarioPause[];
}

/** A command that some slaves have not acted on. */
export interface PendingCommand {
  readonly command: string;
  /** null: a stop. */
  readonly serial: number | null;
  readonly waiting: Set<string>;
  /** The latest test time at which a slave acted. */
  testTimeMs: number | null;
}

export type OwnerEffect =
  | { readonly type: "order"; readonly slaveId: string; readonly order: Order }
  /** A command is in force on every slave that is left, or was refused. `testTimeMs`: null where there is none. */
  | {
      readonly type: "answered";
      readonly command: string;
      readonly error: { readonly code: ErrorCode; readonly message: string } | null;
      readonly testTimeMs: number | null;
    }
  /** Send a `tick` at this time of the owner's clock. */
  | { readonly type: "wake"; readonly at: number }
  /** Everything is over and every slave has closed its part. */
  | { readonly type: "final" };

export interface OwnerOptions {
  readonly executionId: string;
  readonly plan: Plan;
  readonly inputs: Inputs;
  readonly slaves: readonly { readonly id: string; readonly share: Share }[];
  readonly snapshot: Snapshot;
  readonly thresholds: LiveThresholds;
  /** Default: are there any in `inputs`? */
  readonly hasSecrets?: boolean;
  /** Default 0. */
  readonly startLeadMs?: number;
  /** Default 0. */
  readonly commandLeadMs?: number;
  /** Default: nothing is. */
  readonly isWorkLeft?: (now: number) => boolean;
}

/** An execution that has not begun. */
export function createOwnerState(options: OwnerOptions): OwnerState {
  return {
    executionId: options.executionId,
    plan: options.plan,
    inputs: options.inputs,
    hasSecrets: options.hasSecrets ?? countSecrets(options.inputs) > 0,
    slaves: options.slaves.map(({ id, share }) => createOwnedSlave(id, share)),
    snapshot: options.snapshot,
    thresholds: options.thresholds,
    startLeadMs: options.startLeadMs ?? 0,
    commandLeadMs: options.commandLeadMs ?? 0,
    isWorkLeft: options.isWorkLeft ?? (() => false),
    alone: null,
    phase: "preparing",
    shared: null,
    cause: null,
    started: null,
    endedAt: null,
    loadMs: null,
    pausedAt: null,
    resumedAt: null,
    leastTestMs: 0,
    pausedMs: 0,
    stopBy: null,
    lookedAt: null,
    lastSerial: 0,
    steering: [],
    pausedScenarios: new Map(),
    commands: [],
    rendezvous: new Map(),
    meetings: 0,
    search: createSearchState(options.plan),
    events: [],
  };
}

/** Did its secrets go with the owner that had them? */
export function hasLostSecrets({ hasSecrets, inputs }: OwnerState): boolean {
  return hasSecrets && countSecrets(inputs) === 0;
}

function countSecrets({ secrets }: Inputs): number {
  return Object.keys(secrets).length;
}

/** A slave that has been asked for nothing yet. */
export function createOwnedSlave(id: string, share: Share): OwnedSlave {
  return {
    id,
    share,
    state: "preparing",
    start: null,
    startSerial: 0,
    steered: 0,
    furthestMs: 0,
    aheadMs: 0,
    pauses: new Map(),
  };
}

/** Test time at a moment of the owner's monotonic clock: time since the start instant without pauses; 0 before it. */
export function testTimeAt(state: OwnerState, now: number): number {
  if (state.started === null) return 0;
  const until = Math.min(now, state.pausedAt ?? now, state.endedAt ?? now);
  return Math.max(state.leastTestMs, until - state.started.now - state.pausedMs);
}

/** A frame that is on its way is not older. */
const LATE_FRAME_MS = 2_000;

/** Test time that the frames of all running slaves cover: what they counted is divided by it, ms. Who is silent delays it by no more than frames take. */
export function coveredAt(state: OwnerState, now: number): number {
  const testTimeMs = testTimeAt(state, now);
  const shown = state.slaves.filter((slave) => slave.state === "running").map(({ shownMs }) => shownMs ?? 0);
  if (shown.length === 0) return testTimeMs;
  return Math.min(testTimeMs, Math.max(Math.min(...shown), testTimeMs - LATE_FRAME_MS));
}

/** Notes how far a slave's frames have come. */
export function noteShown(slave: OwnedSlave, testTimeMs: number): void {
  slave.shownMs = Math.max(slave.shownMs ?? 0, testTimeMs);
}

/** May its test clock go on through the latest pause? It has not said that it acted on it, nor began after it. */
export function isUnpaused({ steering }: OwnerState, { steered, startSerial }: OwnedSlave): boolean {
  const pause = steering.findLast(({ type }) => type === "pause");
  return pause !== undefined && Math.max(steered, startSerial) < pause.serial;
}

/** The furthest test time that a slave's clock may show: one that has not acted on a pause yet goes on without it. */
export function findLatest(state: OwnerState, slave: OwnedSlave, now: number): number {
  const runsOnMs = state.pausedAt !== null && isUnpaused(state, slave) ? Math.max(0, now - state.pausedAt) : 0;
  return Math.max(testTimeAt(state, now) + runsOnMs + slave.aheadMs, slave.furthestMs);
}

/** Does the test clock stand at this moment, or is a pause ordered? */
export function isStanding({ pausedAt, resumedAt }: OwnerState, now: number): boolean {
  return pausedAt !== null || (resumedAt !== null && now < resumedAt);
}

/** The load of a slave has ended at this test time, as far as is known. */
export function noteLoadEnd(state: OwnerState, testTimeMs: number): void {
  state.loadMs = Math.max(state.loadMs ?? 0, testTimeMs);
}

/** Writes an event into the execution's history. */
export function noteEvent(
  state: OwnerState,
  type: EventType,
  message: string,
  time: Pick<Instant, "wall">,
  slaveId?: string,
): void {
  const event = { time: new Date(time.wall).toISOString(), type, message };
  state.events.push(slaveId === undefined ? event : { ...event, slave_id: slaveId });
}
