import { EngineError } from "../errors.ts";
import { DeadlineWatch } from "../http/deadline-watch.ts";
import type { Clock, Permit } from "../protocol/ports.ts";
import type { Failure, VirtualUser } from "../protocol/step.ts";

/** What one call of a driver works under. */
export interface DriverCall {
  /** Called once when the call is given up, before `signal`: cheaper than listening to it. null: nothing is to do. */
  onGivenUp: (() => void) | null;
  /** Has it been given up? */
  readonly isGivenUp: boolean;
  /** Aborted at the deadline and when the iteration is cut short: free what the call holds. */
  readonly signal: AbortSignal;
  /** The deadline, as `Clock.now()`. */
  readonly until: number;
  /** What it means when the deadline passes now; null: the target takes too long. */
  expectTimeout(failure: Failure | null): void;
}

/** How a call ended; `duration` in milliseconds. */
export type DriverOutcome<Value> =
  | { readonly kind: "done"; readonly value: Value; readonly duration: number }
  | { readonly kind: "failed"; readonly failure: Failure; readonly duration: number }
  /** `began`: something may have been sent. */
  | { readonly kind: "interrupted"; readonly began: boolean; readonly duration: number };

/** What a driver's error means to the user of a step. */
export type DescribeFailure = (error: unknown) => Failure;

/** A failure that is known where it happens. */
export class DriverFailure extends Error {
  readonly failure: Failure;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "DriverFailure";
    this.failure = { code, message };
  }
}

/** The permit was withdrawn in the middle of a call: it ends as one that was cut short. */
export class CallWithheld extends Error {}

/**
 * Runs one call of a driver: not at all without a lease, at most until the deadline, and no longer than the VU may run.
 * What the target does wrong is `failed`: what `run` throws is described by `describe`, a DriverFailure by itself; an
 * EngineError rejects. A call that was given up is not waited for: `run` ends it by its signal, and what it still says is
 * not heard.
 */
export type CallDriver = <Value>(
  vu: Pick<VirtualUser, "signal">,
  deadline: number,
  run: (call: DriverCall) => Promise<Value>,
  describe: DescribeFailure,
) => Promise<DriverOutcome<Value>>;

/** For the calls of one executor: they share one alarm, and those of a VU one listener. */
export function createCallDriver({ clock, permit }: { readonly clock: Clock; readonly permit: Permit }): CallDriver {
  const running = new Set<CurrentCall>();
  const perVu = new WeakMap<AbortSignal, Set<CurrentCall>>();
  const watch = new DeadlineWatch(clock, () => {
    const now = clock.now();
    for (const call of running) {
      if (call.until <= now) call.giveUp("late");
      else watch.by(call.until);
    }
  });

  function callsOf(signal: AbortSignal): Set<CurrentCall> {
    const known = perVu.get(signal);
    if (known !== undefined) return known;
    const calls = new Set<CurrentCall>();
    perVu.set(signal, calls);
    signal.addEventListener("abort", () => {
      for (const call of calls) call.giveUp("interrupted");
    });
    return calls;
  }

  return ({ signal }, deadline, run, describe) => {
    const startedAt = clock.now();
    if (signal.aborted || !permit.maySend(startedAt)) {
      return Promise.resolve({ kind: "interrupted", began: false, duration: 0 });
    }
    if (deadline <= startedAt) return Promise.resolve({ kind: "failed", failure: timeoutFailure, duration: 0 });
    return new Promise((resolve, reject) => {
      const own = callsOf(signal);
      const end = (): number => {
        own.delete(call);
        if (running.delete(call) && running.size === 0) watch.stop();
        return clock.now() - startedAt;
      };
      const call = new CurrentCall(deadline, (why) => {
        const duration = end();
        if (why === "late") resolve({ kind: "failed", failure: call.late ?? timeoutFailure, duration });
        else resolve({ kind: "interrupted", began: true, duration });
      });
      const fail = (error: unknown) => {
        if (call.isGivenUp) return;
        const duration = end();
        if (error instanceof CallWithheld) resolve({ kind: "interrupted", began: true, duration });
        else if (error instanceof DriverFailure) resolve({ kind: "failed", failure: error.failure, duration });
        else if (error instanceof EngineError) reject(error);
        else resolve({ kind: "failed", failure: describe(error), duration });
      };
      own.add(call);
      if (Number.isFinite(deadline)) {
        running.add(call);
        watch.by(deadline);
      }
      try {
        run(call).then((value) => {
          if (!call.isGivenUp) resolve({ kind: "done", value, duration: end() });
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  };
}

/** Most calls are never given up: what aborts is made when somebody listens. */
class CurrentCall implements DriverCall {
  readonly until: number;
  onGivenUp: (() => void) | null = null;
  isGivenUp = false;
  /** What it means when the deadline passes now. */
  late: Failure | null = null;
  readonly #onEnd: (why: "late" | "interrupted") => void;
  #stop: AbortController | null = null;

  constructor(until: number, onEnd: (why: "late" | "interrupted") => void) {
    this.until = until;
    this.#onEnd = onEnd;
  }

  get signal(): AbortSignal {
    if (this.#stop === null) {
      this.#stop = new AbortController();
      if (this.isGivenUp) this.#stop.abort();
    }
    return this.#stop.signal;
  }

  expectTimeout(failure: Failure | null): void {
    this.late = failure;
  }

  giveUp(why: "late" | "interrupted"): void {
    if (this.isGivenUp) return;
    this.isGivenUp = true;
    this.#onEnd(why);
    this.onGivenUp?.();
    this.#stop?.abort();
  }
}

/** Errors are told apart by their text: it holds no number of the moment. */
const timeoutFailure = { code: "timeout", message: "not done in time; raise the timeout, or see what the target does" };
