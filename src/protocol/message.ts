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
  | { readonly type: "start"; readonly shared: SharedValues; readonly inMs: number }
  | { readonly type: "pause"; readonly atMs: number }
  | { readonly type: "resume" }
  | { readonly type: "scale"; readonly scenario: string; readonly target: number; readonly overMs: number }
  | { readonly type: "stop"; readonly graceMs: number }
  | { readonly type: "teardown"; readonly shared: SharedValues }
  /** Every frame through this number is durable and may be forgotten. */
  | { readonly type: "ack"; readonly through: number }
  | { readonly type: "close" };

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
  | { readonly type: "closed" };
