import type { DriverModule } from "./compile-driver.ts";
import type { MemoryUse } from "./thread-memory.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { MetricType } from "../../protocol/workflow.ts";

/** What a script thread is made with. */
export interface ThreadInput {
  /** The driver's WebAssembly, compiled once for all threads. */
  readonly driver: DriverModule;
  /** By their places. */
  readonly scripts: readonly string[];
  readonly libs: Readonly<Record<string, string>>;
  readonly settings: ScriptSettings;
  /** What random values are drawn from, with the run's id: a run that begins anew on another thread draws the same. */
  readonly seed: string;
  /** See `controlWords`. */
  readonly control: SharedArrayBuffer;
  readonly use: MemoryUse;
  /** How far it gives way to other threads from its start: a nice value. */
  readonly nice: number;
}

/** A tenth of what others may claim of a busy processor. */
export const lowPriority = 10;

/** What is the same for all runs, as the sandbox sees it. */
export interface ScriptSettings extends JsonObject {
  readonly env: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, MetricType>>;
}

/**
 * Words of the memory that both sides share, because a thread that computes hears no message:
 * `turn` counts the times the thread began or ended to compute, odd while it does; `running` is the id of the run it
 * computes for; `stop` is the id of a run to be ended at once.
 */
export const controlWords = { turn: 0, running: 1, stop: 2 } as const;

/** To a script thread, in batches. */
export type ThreadOrder =
  /** `answers`: what the run got before it was moved here, in order. */
  | readonly [
      type: "run",
      id: number,
      script: number,
      remainingMs: number,
      input: string,
      answers: readonly ScriptAnswer[] | null,
    ]
  | readonly [type: "answer", id: number, answer: ScriptAnswer]
  | readonly [type: "cancel", id: number];

/** The answer to what a run asked for, as JSON for the sandbox. */
export interface ScriptAnswer {
  /** Which of the run's questions, from 1. */
  readonly number: number;
  readonly text: string;
}

/** From a script thread, in batches. */
export type ThreadFact =
  /** It takes runs; `task` is the operating system's id of it, 0: unknown. */
  | readonly [type: "ready", task: number]
  /** It holds memory that it cannot free: it should get no new runs. */
  | readonly [type: "worn"]
  /** A script, by its place, or a lib, by its name, cannot be compiled here. */
  | readonly [type: "refused", what: number | string, message: string]
  /** How a run ended, as JSON of the sandbox: `{o?, e?, f?}`; and how long it computed at most without a break. */
  | readonly [type: "ended", id: number, text: string, longestMs: number]
  /** It was stopped, or the sandbox gave up: why. */
  | readonly [type: "stopped", id: number, reason: "expired" | "cancelled" | "fault", message: string]
  /** It has to begin anew: its sandbox was spoiled by another. */
  | readonly [type: "moved", id: number]
  /** There was no more memory for it among others; `greedy`: it was this run that took it. */
  | readonly [type: "exhausted", id: number, greedy: boolean]
  /** A run asks: JSON of the sandbox, `{k, w, f}`. */
  | readonly [type: "ask", id: number, number: number, text: string];
