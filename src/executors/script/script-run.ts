import type { Effect } from "./script-effects.ts";
import type { ScriptThread } from "./script-thread.ts";
import type { ScriptAnswer } from "./thread-message.ts";

/** How a run ended. */
export type ScriptEnd =
  /** JSON of the sandbox, absent: nothing was returned. */
  | { readonly type: "returned"; readonly output: unknown }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "expired" }
  | { readonly type: "interrupted" };

/** What a run waits for: a request or a time. */
export interface Question {
  /** From 1 in each run. */
  readonly number: number;
  readonly kind: "http" | "sleep";
  /** Made by the sandbox: a ScriptRequest, or milliseconds. */
  readonly what: unknown;
}

/** What the load thread does for a run. */
export interface RunListener {
  /** `ScriptThreads.answer` says later what came of it. */
  onAsk(run: ScriptRun, question: Question): void;
  onEffects(effects: readonly Effect[]): void;
  /** Called once. */
  onEnd(end: ScriptEnd): void;
}

/**
 * A run as its load thread knows it. What it was given and answered is kept to its end: if its thread is lost or stuck
 * with another run, it begins anew on another one, is given the same answers and draws the same random values, and what
 * it does a second time is left out.
 */
export class ScriptRun {
  readonly id: number;
  readonly script: number;
  readonly input: string;
  /** `Clock.now()`. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly listener: RunListener;
  thread: ScriptThread<ScriptRun> | null = null;
  /** The answers it got, in order. */
  readonly answers: ScriptAnswer[] = [];
  /** Its latest question. */
  #asked = 0;
  /** Requests that are under way. */
  requests = 0;
  /** It ended while requests were under way: they are part of the step. */
  heldEnd: ScriptEnd | null = null;
  ended = false;
  /** How often it began anew. */
  moves = 0;
  /** It gets a thread of its own: it broke one that it shared. */
  alone = false;
  /** How often it found no memory. */
  exhausted = 0;
  #effectsSeen = 0;
  #effectsToSkip = 0;

  constructor(id: number, script: number, input: string, deadline: number, signal: AbortSignal, listener: RunListener) {
    this.id = id;
    this.script = script;
    this.input = input;
    this.deadline = deadline;
    this.signal = signal;
    this.listener = listener;
  }

  /** It begins anew: the effects seen so far come again. */
  beginAnew(): void {
    this.#effectsToSkip = this.#effectsSeen;
  }

  takeEffects(effects: readonly Effect[] | undefined): void {
    if (effects === undefined || effects.length === 0) return;
    const skipped = Math.min(this.#effectsToSkip, effects.length);
    this.#effectsToSkip -= skipped;
    this.#effectsSeen += effects.length - skipped;
    this.listener.onEffects(skipped === 0 ? effects : effects.slice(skipped));
  }

  /** false: it was asked before. */
  isNewQuestion(number: number): boolean {
    if (number <= this.#asked) return false;
    this.#asked = number;
    return true;
  }
}
