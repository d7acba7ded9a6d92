import type { Frame } from "./frame.ts";
import type { JsonObject } from "./json.ts";
import type { IterationRange, Plan, Share, VuIteration } from "./plan.ts";
import type { SharedValues } from "./report.ts";

/** What an execution is started with besides its plan. Never stored or shown in clear. */
export interface Inputs {
  /** `env.X`. */
  readonly env: Readonly<Record<string, string>>;
  /** `secret.X`. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Owner -> slave. A closed union: every reader switches exhaustively. Scenarios are called by their names. */
export type Order =
  | {
      readonly type: "prepare";
      readonly executionId: string;
      readonly plan: Plan;
      readonly inputs: Inputs;
      readonly share: Share;
    }
  | { readonly type: "setup" }
  | {
      readonly type: "start";
      /** What setup made; null: what this slave has of it, which its owner has not. */
      readonly shared: SharedValues | null;
      readonly inMs: number;
      /** Start instant, epoch ms of the owner; without it `inMs` counts. */
      readonly atWallMs?: number;
      /** Scenarios that were paused by themselves before; absent: none. */
      readonly pauses?: readonly ScenarioPause[];
    }
  | SteeringOrder
  /** No new starts; running iterations get so long. Answered with `applied` at once; again with less: shortens. */
  | { readonly type: "stop"; readonly command: string; readonly graceMs: number }
  /** `shared` as in `start`. */
  | { readonly type: "teardown"; readonly shared: SharedValues | null }
  /** Every frame through this number is durable and may be forgotten. */
  | { readonly type: "ack"; readonly through: number }
  /** Answers a heartbeat: the lease counts from when that heartbeat was sent. */
  | { readonly type: "renew"; readonly sequence: number; readonly ownerWallMs: number }
  /** Keep this part of your share alone; `released` answers once nothing outside it can start any more. */
  | { readonly type: "release"; readonly epoch: number; readonly share: Share }
  /** Your whole share from now on; what you hold already goes on undisturbed. */
  | { readonly type: "grant"; readonly epoch: number; readonly share: Share }
  /**
   * More shared iterations of a scenario, or unique rows of a feeder (`data.<name>`). `serial` counts from 1 per source and scenario; they are applied in order, a repetition is
   * ignored, and so is one of an epoch before the latest: its release has given back what was on the way.
   * `last`: there will be no more.
   */
  | {
      readonly type: "allot";
      readonly epoch: number;
      readonly scenario: string;
      readonly serial: number;
      readonly ranges: readonly IterationRange[];
      readonly last: boolean;
    }
  /** Answers `return`: the rows are in the owner's hands again. */
  | { readonly type: "taken_back"; readonly line: string; readonly serial: number }
  /** The claim of this number is durable: its VUs may begin what it names. */
  | { readonly type: "claimed"; readonly scenario: string; readonly serial: number }
  /** VUs at rendezvous go on, or without the others; the counts are of all so far, so that a repetition changes nothing. */
  | {
      readonly type: "proceed";
      readonly scenario: string;
      readonly thread: number;
      readonly points: readonly Departures[];
    }
  /** Frames after this number did not arrive, or the store has lost them; null: send again what is not acknowledged. */
  | { readonly type: "resend"; readonly after: number | null }
  /** Your lease ended and your share has moved: end all load, report what happened. */
  | { readonly type: "expel" }
  | { readonly type: "close" };

/**
 * A command on its way to a slave; `applied` answers it. `serial` counts an execution's commands from 1: a slave gets
 * them one after another and ignores one that is not higher than the last it took. A slave may take up late, and then
 * without those that its start instant already contains.
 */
export type SteeringOrder =
  /** The test clock stops at this test time, or now if it has passed. */
  | { readonly type: "pause"; readonly command: string; readonly serial: number; readonly atMs: number }
  /**
   * The test clock goes on so that at epoch time `atWallMs` (the owner's clock; in a carried order the slave's own) it
   * would show `testTimeMs`: one that stopped later waits longer, and all agree again. Nothing where it is not stopped.
   */
  | {
      readonly type: "resume";
      readonly command: string;
      readonly serial: number;
      readonly atWallMs: number;
      readonly testTimeMs: number;
    }
  /** The clock of one scenario stops at `atMs` of its own time, or now if it has passed; those of others go on. */
  | {
      readonly type: "pause_scenario";
      readonly command: string;
      readonly serial: number;
      readonly scenario: string;
      readonly atMs: number;
    }
  /**
   * It goes on at test time `atMs` of the execution, having stood for `pausedMs` of it in all: a slave that stopped it
   * later lets it stand longer, and all agree again.
   */
  | {
      readonly type: "resume_scenario";
      readonly command: string;
      readonly serial: number;
      readonly scenario: string;
      readonly atMs: number;
      readonly pausedMs: number;
    }
  /** Takes effect at `atMs` of the scenario's own time; a slave that gets it later computes its profile as if it had acted then. */
  | {
      readonly type: "scale";
      readonly command: string;
      readonly serial: number;
      readonly scenario: string;
      readonly target: number;
      readonly overMs: number;
      readonly atMs: number;
    };

/** What fences an order: a slave refuses a token lower than the highest it has seen, and another incarnation's orders. */
export interface OrderStamp {
  readonly executionId: string;
  /** Counts from 1 per execution and slave; a slave that was given up comes back under the next. */
  readonly incarnation: number;
  readonly token: number;
  /** Number of the owner's record that the order follows from, under this token; 0: it follows from none. */
  readonly record: number;
}

/** The latest record of an owner that a slave has had an order from; [0, 0]: none. */
export type SeenRecord = readonly [token: number, record: number];

/** Slave -> owner. */
export type Fact =
  /** `rows`: how many each feeder has, in the workflow's order; absent: there are none. */
  | { readonly type: "prepared"; readonly rows?: readonly number[] }
  | { readonly type: "prepare_failed"; readonly code: string; readonly message: string }
  | { readonly type: "setup_done"; readonly shared: SharedValues }
  | { readonly type: "setup_failed"; readonly message: string; readonly timedOut: boolean }
  /** `atWallMs`: when test time 0 really passed, by the owner's epoch clock (what is emitted: by the slave's own); null: not known. */
  | { readonly type: "started"; readonly atWallMs: number | null }
  | { readonly type: "frame"; readonly frame: Frame }
  /** A pause, resume, scale or stop is in force; `testTimeMs`: the slave's test time at that moment, null for a stop. */
  | { readonly type: "applied"; readonly command: string; readonly testTimeMs: number | null }
  /** `testTimeMs`: at which its load ended; absent: as this is said. */
  | { readonly type: "done"; readonly lastFrame: number; readonly testTimeMs?: number }
  /** A feeder had no row for somebody and will have none. */
  | { readonly type: "rows_over"; readonly feeder: string }
  | { readonly type: "teardown_done" }
  | { readonly type: "teardown_failed"; readonly message: string; readonly timedOut: boolean }
  | { readonly type: "fault"; readonly message: string; readonly fields?: JsonObject }
  /**
   * `lastFrame`: the number of the last frame once the share's run has ended, `testTimeMs`: when that was. `suspended`: its
   * lease has run out since the last answer, so that its load stands still; once the run has ended: it ended like that.
   * `seen`: an owner whose own record is older than that has come back from an older store.
   */
  | {
      readonly type: "heartbeat";
      readonly sequence: number;
      readonly lastFrame: number | null;
      readonly testTimeMs?: number;
      readonly suspended: boolean;
      readonly seen: SeenRecord;
    }
  /** `serials`: of the last allotment that was applied, by scenario in the plan's order; 0: none. */
  | ({ readonly type: "released"; readonly epoch: number; readonly serials: readonly number[] } & Released)
  | { readonly type: "granted"; readonly epoch: number }
  /**
   * Nothing of its share is left to do: it waits for a grant, or for a stop. Said again with each heartbeat. `epoch`: of
   * the latest share it took; `serial`: of the latest command.
   */
  | { readonly type: "idle"; readonly epoch: number; readonly serial: number }
  /** Shared iterations: less than half a second's work is left; `serial`: of the last allotment that was applied, 0 for none. */
  | { readonly type: "want"; readonly scenario: string; readonly serial: number }
  /** Per-vu iterations: these VUs may begin iterations below this number, once `claimed` says so. `serial` as in `allot`. */
  | {
      readonly type: "claim";
      readonly scenario: string;
      readonly serial: number;
      readonly through: readonly VuIteration[];
    }
  /** Unique rows that it does not need now; said again until they are taken back. `serial` counts from 1 per line. */
  | {
      readonly type: "return";
      readonly line: string;
      readonly serial: number;
      readonly ranges: readonly IterationRange[];
    }
  /** How it stands at the rendezvous of a scenario; said again every second. */
  | ({ readonly type: "arrive" } & Arrivals)
  /**
   * Everything is over and freed; `lastFrame`: the number of its very last frame, 0 for none; null: this process never had
   * that source, another of the same id may have.
   */
  | { readonly type: "closed"; readonly lastFrame: number | null };

/** Where a scenario stands that was paused by itself: its own time is test time without what it stood. */
export interface ScenarioPause {
  readonly scenario: string;
  /** How long it stood in pauses that are over, ms of test time. */
  readonly pausedMs: number;
  /** Its own time at which it stands, or will; null: it goes on. */
  readonly standsAtMs: number | null;
}

/** The rendezvous of a scenario on one thread of a slave. */
export interface Arrivals {
  readonly scenario: string;
  /** Its place among the slave's threads, and how many there are. */
  readonly thread: number;
  readonly threads: number;
  /** Counts from 1 per thread and scenario: an older report changes nothing. */
  readonly serial: number;
  /** Before the scenario's start, while it begins iterations, afterwards. */
  readonly stage: "waiting" | "loading" | "over";
  /** VUs that have started and not ended. */
  readonly running: number;
  /** By step; all counts are of all so far. */
  readonly points: readonly {
    readonly step: string;
    /** How many go on together; null: all that run. */
    readonly count: number | null;
    readonly arrived: number;
    /** As the latest `proceed` said. */
    readonly released: number;
    readonly gone: number;
    /** Those who are `gone`, and those who want to be: their time is up, or they were interrupted. */
    readonly leaving: number;
  }[];
}

/** Of those who came to a rendezvous on one thread: how many went on with the others, and how many without. */
export interface Departures {
  readonly step: string;
  readonly released: number;
  readonly gone: number;
  /** When the latest went without: so many had come of so many that were needed. */
  readonly came: number;
  readonly needed: number;
  /** Nobody can come any more: who waits is interrupted. */
  readonly over: boolean;
}

/** What a release gave back, by scenario in the plan's order. */
export interface Released {
  /** Shared iterations that had not begun. */
  readonly unstarted: readonly (readonly IterationRange[])[];
  /** Per-vu iterations: where the VUs that were given up would go on. */
  readonly begun: readonly (readonly VuIteration[])[];
}
