import type { Frame } from "../protocol/frame.ts";
import {
  acknowledgeFrames,
  addFrame,
  type BufferLimits,
  createFrameBuffer,
  type FrameBuffer,
  tellLast,
} from "./frame-buffer.ts";
import type { Fact, Order, Released } from "../protocol/message.ts";

/**
 * A slave's side of one execution as a pure state machine: orders and run events go in, effects come out.
 *
 * ```
 * idle --prepare--> preparing --> ready --start--> running --(all scenarios ended)--> ended --close--> closed
 *                                  setup runs while ready, teardown while ended; close is taken in every state
 * ```
 *
 * An order that does not fit the state is ignored: it is a repetition, or came after the end it would have caused.
 */
export interface SlaveState {
  phase: "idle" | "preparing" | "ready" | "running" | "ended" | "closed";
  readonly frames: FrameBuffer;
}

/** What the slave's surroundings carry out on the share's run; times by the slave's own clocks. */
export type CarriedOrder =
  | Exclude<Order, { readonly type: "ack" | "renew" | "resend" }>
  /** The lease has ended: running operations are aborted, nothing starts until `go_on`. */
  | { readonly type: "suspend" | "go_on" };

/** What follows from an event, in order. */
export type SlaveEffect =
  | { readonly type: "send"; readonly fact: Fact }
  | { readonly type: "carry_out"; readonly order: CarriedOrder };

/** What a run reports besides its frames and its end. */
export type ReportedFact =
  | Exclude<Fact, { readonly type: "frame" | "done" | "released" | "idle" | "closed" }>
  /** Since this test time. */
  | { readonly type: "idle"; readonly testTimeMs: number }
  | { readonly type: "closed" }
  | ({ readonly type: "released"; readonly epoch: number } & Released);

/** What happens on a slave. */
export type SlaveEvent = { readonly type: "order"; readonly order: Order } | RunEvent;

/** What the share's run, or carrying out an effect, reports back. */
export type RunEvent =
  | { readonly type: "fact"; readonly fact: ReportedFact }
  | { readonly type: "frame"; readonly frame: Frame }
  /** Every frame of the load has come; it ended at this test time. */
  | { readonly type: "done"; readonly testTimeMs: number };

/** A slave that has not been asked for anything yet. */
export function createSlaveState(limits?: BufferLimits): SlaveState {
  return { phase: "idle", frames: createFrameBuffer(limits) };
}

/** Moves the state and says what to do now. */
export function advanceSlave(state: SlaveState, event: SlaveEvent): readonly SlaveEffect[] {
  switch (event.type) {
    case "order":
      return obey(state, event.order);
    case "fact":
      return learn(state, event.fact);
    case "frame":
      return sendFrames(addFrame(state.frames, event.frame));
    case "done":
      if (state.phase === "closed") return [];
      state.phase = "ended";
      return [
        { type: "send", fact: { type: "done", lastFrame: tellLast(state.frames), testTimeMs: event.testTimeMs } },
      ];
    default:
      return event satisfies never;
  }
}

function obey(state: SlaveState, order: Order): readonly SlaveEffect[] {
  switch (order.type) {
    case "prepare":
      if (state.phase !== "idle") return [];
      state.phase = "preparing";
      break;
    case "setup":
      if (state.phase !== "ready") return [];
      break;
    case "start":
      if (state.phase !== "ready") return [];
      state.phase = "running";
      break;
    case "pause":
    case "resume":
    case "pause_scenario":
    case "resume_scenario":
    case "scale":
    case "stop":
      if (state.phase !== "running") return [];
      break;
    case "teardown":
      if (state.phase !== "ended") return [];
      break;
    case "ack":
      return sendFrames(acknowledgeFrames(state.frames, order.through));
    case "close":
      if (state.phase === "closed") return [];
      state.phase = "closed";
      break;
    case "release":
      if (state.phase !== "running" && state.phase !== "ended") return [];
      break;
    case "grant":
    case "claimed":
    case "proceed":
      if (state.phase !== "running") return [];
      break;
    // Rows that come after the end go back at once: others may wait for them.
    case "allot":
    case "taken_back":
      if (state.phase !== "running" && state.phase !== "ended") return [];
      break;
    case "renew":
    case "resend":
    case "expel":
      // The agent's matter.
      return [];
    default:
      return order satisfies never;
  }
  return [{ type: "carry_out", order }];
}

function sendFrames(frames: readonly Frame[]): readonly SlaveEffect[] {
  return frames.map((frame) => ({ type: "send", fact: { type: "frame", frame } }));
}

function learn(state: SlaveState, fact: ReportedFact): readonly SlaveEffect[] {
  if (fact.type === "prepared" && state.phase === "preparing") state.phase = "ready";
  // The agent's matter.
  if (fact.type === "idle") return [];
  if (fact.type === "closed") return [{ type: "send", fact: { type: "closed", lastFrame: tellLast(state.frames) } }];
  return [{ type: "send", fact: fact.type === "released" ? { ...fact, serials: [] } : fact }];
}
