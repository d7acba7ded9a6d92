import type { Frame } from "../protocol/frame.ts";
import type { Fact, Order, OrderStamp, SeenRecord } from "../protocol/message.ts";
import type { Plan, Share } from "../protocol/plan.ts";
import type { LeaseTimes } from "./lease-times.ts";
import type { OwnerEvent } from "./owner.ts";
import { createOwnerState, type OwnerEffect, type OwnerOptions, type OwnerState } from "./owner-state.ts";
import { isWorkLeft } from "./work-left.ts";
import { createPartition, type Lost, type Move, type Partition, type SourceReport } from "./partition.ts";

/**
 * An execution's owner in a cluster: around the phases of `owner.ts` the leases, the partition and its epochs, the
 * numbers of frames and what must be durable before an order leaves.
 */
export interface FleetState {
  readonly core: OwnerState;
  readonly times: LeaseTimes;
  readonly token: number;
  /** Of each owner before this one the latest record that the next was taken up from. */
  past: readonly SeenRecord[];
  readonly roomOf: (slaveId: string) => number;
  /** May a slave have VUs of a scenario (its place in the plan)? */
  readonly mayHold: (slaveId: string, scenario: number) => boolean;
  /** By scenario: on how many slaves its VUs may be. */
  readonly mostHolders: readonly number[];
  readonly members: Map<string, Member>;
  /** By scenario: VU indices that nobody holds, ascending. With the members' shares: all, each once. */
  readonly pool: number[][];
  epoch: number;
  move: Move | null;
  /** All else that is in no member's share. */
  readonly partition: Partition;
  /** What was reported, by source; follows from the frames alone. */
  readonly reports: Map<string, SourceReport>;
  readonly sources: Map<string, SourceState>;
  /** By source: after which frame it was asked for what is missing last, and when (`Instant.now`). */
  readonly asked: Map<string, { readonly after: number; readonly at: number }>;
  degraded: boolean;
  /** Does it want slaves to be offered to it? */
  wanting: boolean;
  /** What lost sources were given and did not report. */
  lost: Lost;
  /** How far apart the members' test clocks began; null: not known yet. */
  startSkewMs: number | null;
  /** The first and the last instant at which a test clock began, epoch ms; null: none yet. */
  startSpread: readonly [first: number, last: number] | null;
  /** After a takeover: those who have not said yet whether they ran on; null: it is known that somebody did. */
  returning: { readonly waiting: Set<string>; stoodStill: boolean; finished: boolean } | null;
  /** Slaves that could not prepare the plan: they are not asked again. */
  readonly unfit: Set<string>;
  /** `Instant.now` of the next tick that was asked for. */
  wakeAt: number | null;
  /** `Instant.now` at which the partition was looked at last. */
  plannedAt: number;
  /** `Instant.now` since when there is nobody left, or nobody who runs anything of what is left. */
  emptySince: number | null;
  /** The core has ended; the last frames may be on their way. */
  coreEnded: boolean;
  final: boolean;
  /** This owner has said so; a new one says it again. */
  announced: boolean;
  /** What no slave measured, lost or dropped by nobody, is in the snapshot. */
  accounted: boolean;
  /** Frames, requests and iterations that came after the end. */
  readonly late: { frames: number; http_reqs: number; iterations: number };
  /** Number of the latest state that was given out to be written, and of the latest that is durable. */
  version: number;
  persisted: number;
  dirty: boolean;
  readonly held: { readonly version: number; readonly effect: FleetEffect }[];
}

export interface Member {
  readonly id: string;
  readonly incarnation: number;
  /** `Instant.now` at which it is given up. */
  deadline: number;
  /** Number of its latest heartbeat. */
  heard: number;
  /** This owner has heard of it: it knows of no later record. */
  met: boolean;
  /** `Instant.now` at which it is given up unless it has prepared its share. */
  prepareBy: number;
  started: boolean;
  /** Its lease ran out at its latest heartbeat. */
  suspended: boolean;
  draining: boolean;
  /** It said that nothing of its share was left to do: of the share of this epoch, after the command of this serial. */
  idle: { readonly epoch: number; readonly serial: number } | null;
  /** It was told to end: nothing is left for it. */
  dismissed: boolean;
  /** It holds nothing any more, and that was said. */
  drained: boolean;
  /** Number of the latest frame that it sent, and of the latest before it let go of VUs last. */
  offered: number;
  fewerSince: number;
  /** Of its latest grant, and of the latest that it has confirmed. */
  epoch: number;
  confirmed: number;
}

export interface SourceState {
  /** All frames through this number are durable and merged. */
  high: number;
  /** The number of its last frame, once it is known. */
  last: number | null;
  /** Its lease has ended: the end does not wait for it. */
  over: boolean;
  /** `high` when the execution became final: what comes after is late. */
  finalHigh: number | null;
}

export type FleetEvent =
  | { readonly type: "fact"; readonly slaveId: string; readonly incarnation: number; readonly fact: Fact }
  /** A slave that may join; taken only if there is, or may be, something for it. */
  | { readonly type: "offer"; readonly slaveId: string; readonly incarnation: number }
  | { readonly type: "drain" | "undrain"; readonly slaveId: string }
  | { readonly type: "persisted"; readonly version: number }
  /** What the store said to an `append`; the answers come in the order in which it wrote. */
  | {
      readonly type: "stored";
      readonly slaveId: string;
      readonly incarnation: number;
      readonly frame: Frame;
      readonly outcome: "appended" | "duplicate" | "gap";
      readonly high: number;
    }
  | Exclude<OwnerEvent, { readonly type: "fact" | "lost" | "join" }>;

export type FleetEffect =
  | {
      readonly type: "order";
      readonly slaveId: string;
      readonly incarnation: number;
      readonly order: Order;
      readonly stamp: OrderStamp;
    }
  | { readonly type: "wake"; readonly at: number }
  /** Write the state of this or a later moment (`viewRecord`) under the owner's token; then `persisted` with its version. */
  | { readonly type: "persist" }
  /** Offer this frame to the store; then `stored`. */
  | { readonly type: "append"; readonly slaveId: string; readonly incarnation: number; readonly frame: Frame }
  | (OwnerEffect & { readonly type: "answered" })
  | { readonly type: "final" };

/** What of an owner's state outlives it: plain data that `structuredClone` takes. */
export type FleetRecord = Pick<
  FleetState,
  "pool" | "epoch" | "move" | "partition" | "degraded" | "startSpread" | "startSkewMs" | "coreEnded" | "final"
> & {
  /** Absent, as `written`, in what an older version wrote. */
  readonly past?: readonly SeenRecord[];
  /** Its owner's token, and its number under it. */
  readonly written?: SeenRecord;
  readonly members: readonly Member[];
  readonly sources: readonly (readonly [string, SourceState])[];
  readonly core: Pick<
    OwnerState,
    | "slaves"
    | "alone"
    | "phase"
    | "shared"
    | "cause"
    | "started"
    | "endedAt"
    | "loadMs"
    | "pausedAt"
    | "pausedMs"
    | "resumedAt"
    | "leastTestMs"
    | "stopBy"
    | "lastSerial"
    | "steering"
    | "pausedScenarios"
    | "rendezvous"
    | "meetings"
    | "search"
    | "events"
    | "startLeadMs"
  >;
};

export interface FleetOptions extends OwnerOptions {
  readonly times: LeaseTimes;
  readonly token: number;
  readonly slaves: readonly {
    readonly id: string;
    readonly share: Share;
    readonly incarnation: number;
  }[];
  /** How many VUs of this execution a slave has room for in all: its max_vus less what other executions hold. */
  readonly roomOf: (slaveId: string) => number;
  /** Default: every slave may have VUs of every scenario, and any number of slaves. */
  readonly mayHold?: (slaveId: string, scenario: number) => boolean;
  readonly mostHolders?: readonly number[];
}

/** A fleet that has not begun. Endless shares are cut off at the largest count that the load can reach. */
export function createFleetState(options: FleetOptions, now: number): FleetState {
  const { plan, times } = options;
  const { partition, shares } = createPartition(
    plan,
    options.slaves.map(({ id, incarnation, share }) => ({ id, source: nameSource(id, incarnation), share })),
  );
  const slaves = options.slaves.map((slave, at) => ({ ...slave, share: shares[at] ?? slave.share }));
  const isWorkLeftNow = (at: number): boolean => isWorkLeft(fleet, at);
  const fleet: FleetState = {
    core: createOwnerState({ startLeadMs: 500, commandLeadMs: 300, ...options, isWorkLeft: isWorkLeftNow, slaves }),
    times,
    token: options.token,
    past: [],
    roomOf: options.roomOf,
    mayHold: options.mayHold ?? (() => true),
    mostHolders: options.mostHolders ?? [],
    members: new Map(slaves.map(({ id, incarnation }) => [id, createMember({ id, incarnation }, now, times, plan)])),
    pool: plan.scenarios.map(() => []),
    epoch: 1,
    move: null,
    partition,
    reports: new Map(),
    sources: new Map(slaves.map((slave) => [nameSource(slave.id, slave.incarnation), createSource()])),
    asked: new Map(),
    degraded: false,
    wanting: false,
    lost: { iterations: 0, interval_ms: 0, estimated: false },
    startSkewMs: null,
    startSpread: null,
    returning: null,
    unfit: new Set(),
    wakeAt: null,
    plannedAt: Number.NEGATIVE_INFINITY,
    emptySince: null,
    coreEnded: false,
    final: false,
    announced: false,
    accounted: false,
    late: { frames: 0, http_reqs: 0, iterations: 0 },
    version: 0,
    persisted: 0,
    dirty: false,
    held: [],
  };
  return fleet;
}

const PREPARE_LIMIT_MS = 30_000;
/** Of the workflow's files, which a slave fetches and reads before; a slow line has as much. */
const BYTES_PER_MS = 2_000;

/** A slave that has not prepared its share for so long is lost. */
export function findPrepareLimit({ workflow }: Plan): number {
  return PREPARE_LIMIT_MS + workflow.files.reduce((sum, { size }) => sum + size, 0) / BYTES_PER_MS;
}

/** A slave that is told to prepare now. */
export function createMember(
  { id, incarnation }: Pick<Member, "id" | "incarnation">,
  now: number,
  { timeoutMs }: LeaseTimes,
  plan: Plan,
): Member {
  const deadline = now + timeoutMs;
  return {
    id,
    incarnation,
    deadline,
    heard: 0,
    met: false,
    prepareBy: now + findPrepareLimit(plan),
    started: false,
    suspended: false,
    draining: false,
    drained: false,
    idle: null,
    dismissed: false,
    offered: 0,
    fewerSince: 0,
    epoch: 0,
    confirmed: 0,
  };
}

export function createSource(): SourceState {
  return { high: 0, last: null, over: false, finalHigh: null };
}

/** Is its last frame known and in? */
export function hasReportedAll(source: SourceState | undefined): boolean {
  return source !== undefined && source.last !== null && source.high >= source.last;
}

/** The name of a source within its execution. */
export function nameSource(slaveId: string, incarnation: number): string {
  return `${slaveId}#${incarnation}`;
}
