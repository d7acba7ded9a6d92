import type { Frame } from "./frame.ts";
import type { JsonObject } from "./json.ts";
import type { Plan, Share } from "./plan.ts";
import type { SharedValues } from "./report.ts";

/** What an execution is started with besides its plan. Never stored or shown in clear. */
export interface Inputs {
  /** `env.X`. */
  readonly env: Readonly<Record<string, string>>;
  /** `secret.X`. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Owner -> slave. A closed union: every reader switches exhaustively. */
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
      readonly shared: SharedValues;
      readonly inMs: number /** Start instant, epoch ms of the owner; without it `inMs` counts. */;
      readonly atWallMs?: number;
    }
  | { readonly type: "pause"; readonly atMs: number }
  | { readonly type: "resume" }
  | { readonly type: "scale"; readonly scenario: string; readonly target: number; readonly overMs: number }
  | { readonly type: "stop"; readonly graceMs: number }
  | { readonly type: "teardown"; readonly shared: SharedValues }
  /** Every frame through this number is durable and may be forgotten. */
  | { readonly type: "ack"; readonly through: number }
  /** Answers a heartbeat: the lease counts from when that heartbeat was sent. */
  | { readonly type: "renew"; readonly sequence: number; readonly ownerWallMs: number }
  /** Keep this part of your share alone, and say so once nothing outside it starts any more. */
  | { readonly type: "release"; readonly epoch: number; readonly share: Share }
  /** Your whole share from now on; what you hold already goes on undisturbed. */
  | { readonly type: "grant"; readonly epoch: number; readonly share: Share }
  /** Frames after this number did not arrive. */
  | { readonly type: "resend"; readonly after: number }
  /** Your lease ended and your share has moved: end all load, report what happened. */
  | { readonly type: "expel" }
  | { readonly type: "close" };

/** What fences an order: a slave refuses a token lower than the highest it has seen. */
export interface OrderStamp {
  readonly executionId: string;
  readonly token: number;
}

/** Slave -> owner. */
export type Fact =
  | { readonly type: "prepared" }
  | { readonly type: "prepare_failed"; readonly code: string; readonly message: string }
  | { readonly type: "setup_done"; readonly shared: SharedValues }
  | { readonly type: "setup_failed"; readonly message: string; readonly timedOut: boolean }
  | { readonly type: "started" }
  | { readonly type: "frame"; readonly frame: Frame }
  | { readonly type: "paused"; readonly testTimeMs: number }
  | { readonly type: "resumed"; readonly testTimeMs: number }
  | { readonly type: "done"; readonly lastFrame: number }
  | { readonly type: "teardown_done" }
  | { readonly type: "teardown_failed"; readonly message: string; readonly timedOut: boolean }
  | { readonly type: "fault"; readonly message: string; readonly fields?: JsonObject }
  /** `lastFrame`: the number of the last frame once the share's run has ended. */
  | { readonly type: "heartbeat"; readonly sequence: number; readonly lastFrame: number | null }
  | { readonly type: "released"; readonly epoch: number }
  | { readonly type: "granted"; readonly epoch: number }
  | { readonly type: "closed" };
