import { EngineError } from "../errors.ts";
import { DeadlineWatch } from "../http/deadline-watch.ts";
import type { Clock, Permit } from "../protocol/ports.ts";
import type { Failure, VirtualUser } from "../protocol/step.ts";

/** What one call of a driver works under, and whom it tells how it ended: the first word counts. */
export interface DriverCall<Value = unknown> {
  done(value: Value): void;
  fail(error: unknown): void;
  /** Called once when the call is given up, before `signal`: cheaper than listening to it. null: nothing is to do. */
  onGivenUp: (() => void) | null;
  /** Has it been given up? */
  readonly isGivenUp: boolean;
  /** Aborted at the deadline and when the iteration is cut short: free what the call holds. */
  readonly signal: AbortSignal;
  /** When it began, as `Clock.now()`. */
  readonly startedAt: number;
  /** The deadline, likewise. */
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

/** One call, as whoever makes it writes it down. */
export interface CallWork<Value, Result> {
  /** Begins it, to be ended by `call.done` or `call.fail`. What it throws, or its promise rejects with, fails it too. */
  begin(call: DriverCall<Value>): Promise<void> | void;
  /** What a thrown error means. */
  readonly describe: DescribeFailure;
  /** What the caller gets for an outcome; called once. */
  finish(outcome: DriverOutcome<Value>): Result;
}

/**
 * Runs one call of a driver: not at all without a lease, at most for `timeoutMs` and until the deadline, and no longer
 * than the VU may run. What the target does wrong is `failed`: an error is described by `describe`, a DriverFailure by
 * itself; an EngineError rejects, as does what `finish` throws. A call that was given up is not waited for: `onGivenUp`
 * and `signal` end it, and what it still says is not heard.
 */
export type CallDriver = <Value, Result>(
  vu: Pick<VirtualUser, "signal">,
  deadline: number,
  timeoutMs: number,
  work: CallWork<Value, Result>,
) => Promise<Result>;

/** For the calls of one executor: they share one alarm, and those of a VU one listener. */
export function createCallDriver({ clock, permit }: { readonly clock: Clock; readonly permit: Permit }): CallDriver {
  const running = new RunningCalls(clock);

  return ({ signal }, deadline, timeoutMs, work) => {
    const startedAt = clock.now();
    // Also where nothing begins: what `finish` throws rejects.
    return new Promise((resolve, reject) => {
      if (signal.aborted || !permit.maySend(startedAt)) {
        resolve(work.finish({ kind: "interrupted", began: false, duration: 0 }));
        return;
      }
      if (deadline <= startedAt) {
        resolve(work.finish({ kind: "failed", failure: timeoutFailure, duration: 0 }));
        return;
      }
      const until = Math.min(deadline, startedAt + timeoutMs);
      const call = new RunningCall(running, signal, startedAt, until, work, resolve, reject);
      call.begin();
    });
  };
}

/** The calls that run now, of all VUs and by VU. */
class RunningCalls {
  readonly clock: Clock;
  private readonly all: AnyCall[] = [];
  private readonly perVu = new WeakMap<AbortSignal, AnyCall[]>();
  private readonly watch: DeadlineWatch;

  constructor(clock: Clock) {
    this.clock = clock;
    this.watch = new DeadlineWatch(clock, () => {
      const now = clock.now();
      for (const call of this.all.slice()) {
        if (call.until <= now) call.giveUp("late");
        else this.watch.by(call.until);
      }
    });
  }

  add(call: AnyCall): void {
    call.place = this.all.push(call) - 1;
    this.watch.by(call.until);
    call.siblings = this.callsOf(call.vuSignal);
    call.siblings.push(call);
  }

  remove(call: AnyCall): void {
    const last = this.all.pop() as AnyCall;
    if (last !== call) {
      this.all[call.place] = last;
      last.place = call.place;
    }
    if (this.all.length === 0) this.watch.stop();
    const { siblings } = call;
    const at = siblings.indexOf(call);
    const youngest = siblings.pop() as AnyCall;
    if (youngest !== call) siblings[at] = youngest;
  }

  private callsOf(signal: AbortSignal): AnyCall[] {
    const known = this.perVu.get(signal);
    if (known !== undefined) return known;
    const calls: AnyCall[] = [];
    this.perVu.set(signal, calls);
    signal.addEventListener("abort", () => {
      for (const call of calls.slice()) call.giveUp("interrupted");
    });
    return calls;
  }
}

const noCalls: AnyCall[] = [];

type AnyCall = Pick<RunningCall<unknown, unknown>, "until" | "vuSignal" | "place" | "siblings" | "giveUp">;

/** Most calls are never given up: what aborts is made when somebody listens. */
class RunningCall<Value, Result> implements DriverCall<Value> {
  readonly startedAt: number;
  readonly until: number;
  readonly vuSignal: AbortSignal;
  onGivenUp: (() => void) | null = null;
  isGivenUp = false;
  /** Where it stands among those that run, and those of its VU; kept by RunningCalls. */
  place = 0;
  siblings: AnyCall[] = noCalls;
  private readonly running: RunningCalls;
  private readonly work: CallWork<Value, Result>;
  private readonly resolve: (result: Result) => void;
  private readonly reject: (error: unknown) => void;
  private isOver = false;
  /** What it means when the deadline passes now. */
  private late: Failure = timeoutFailure;
  private stopper: AbortController | null = null;

  constructor(
    running: RunningCalls,
    vuSignal: AbortSignal,
    startedAt: number,
    until: number,
    work: CallWork<Value, Result>,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    this.running = running;
    this.vuSignal = vuSignal;
    this.startedAt = startedAt;
    this.until = until;
    this.work = work;
    this.resolve = resolve;
    this.reject = reject;
    running.add(this);
  }

  get signal(): AbortSignal {
    if (this.stopper === null) {
      this.stopper = new AbortController();
      if (this.isGivenUp) this.stopper.abort();
    }
    return this.stopper.signal;
  }

  expectTimeout(failure: Failure | null): void {
    this.late = failure ?? timeoutFailure;
  }

  begin(): void {
    try {
      const begun = this.work.begin(this);
      if (begun instanceof Promise) begun.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  done(value: Value): void {
    if (this.isOver) return;
    this.settle({ kind: "done", value, duration: this.end() });
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    const duration = this.end();
    try {
      this.resolve(this.work.finish(this.judge(error, duration)));
    } catch (fault) {
      this.reject(fault);
    }
  }

  giveUp(why: "late" | "interrupted"): void {
    if (this.isOver) return;
    const duration = this.end();
    this.isGivenUp = true;
    this.onGivenUp?.();
    this.stopper?.abort();
    if (why === "late") this.settle({ kind: "failed", failure: this.late, duration });
    else this.settle({ kind: "interrupted", began: true, duration });
  }

  private end(): number {
    this.isOver = true;
    this.running.remove(this);
    return this.running.clock.now() - this.startedAt;
  }

  private settle(outcome: DriverOutcome<Value>): void {
    try {
      this.resolve(this.work.finish(outcome));
    } catch (fault) {
      this.reject(fault);
    }
  }

  private judge(error: unknown, duration: number): DriverOutcome<Value> {
    if (error instanceof CallWithheld) return { kind: "interrupted", began: true, duration };
    if (error instanceof DriverFailure) return { kind: "failed", failure: error.failure, duration };
    if (error instanceof EngineError) throw error;
    return { kind: "failed", failure: this.work.describe(error), duration };
  }
}

/** Errors are told apart by their text: it holds no number of the moment. */
const timeoutFailure = { code: "timeout", message: "not done in time; raise the timeout, or see what the target does" };
