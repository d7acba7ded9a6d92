import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { controlWords, lowPriority, type ThreadFact, type ThreadInput, type ThreadOrder } from "./thread-message.ts";

/** Built code runs as .js, the sources as they are. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);
/** The sandbox's recursion lies on the thread's stack. */
const resourceLimits = { stackSizeMb: 16, maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 16 };
/** A turn that lasts so long, ms, has its CPU time looked at. */
const suspiciousMs = 15;

/** Scripts by their places and libs by their names, with why they cannot be compiled. */
export type Refused = ReadonlyMap<number | string, string>;

interface Numbered {
  readonly id: number;
}

/** What a thread tells whoever began it. */
export interface ThreadEvents<Run extends Numbered> {
  onFacts(thread: ScriptThread<Run>, facts: readonly ThreadFact[]): void;
  /** The thread ended without being told to; once. */
  onLost(thread: ScriptThread<Run>, error: Error): void;
}

/** A thread that runs scripts, as its load thread sees it. */
export class ScriptThread<Run extends Numbered> {
  /** The runs that were given to it and have not ended. */
  readonly runs = new Set<Run>();
  /** Resolves when it takes runs, with what it refuses; rejects when it cannot start. */
  readonly ready: Promise<Refused>;
  /** It asked to be replaced. */
  worn = false;
  /** `Clock.now()` at which it is ended unless it has stopped what it was told to stop. */
  endAt = Number.POSITIVE_INFINITY;
  readonly #words: Int32Array;
  readonly #worker: Worker;
  #task = 0;
  #givesWay = false;
  #outbox: ThreadOrder[] = [];
  #latestTurn = 0;
  #turnSince = 0;
  /** The CPU time of the thread when the turn had lasted for a while; null: it has not, or nobody can tell. */
  #cpuAtSuspicion: number | null = null;
  #closing: Promise<void> | null = null;

  constructor(input: Omit<ThreadInput, "control">, events: ThreadEvents<Run>) {
    const control = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(controlWords).length);
    this.#words = new Int32Array(control);
    const worker = new Worker(entry, {
      workerData: { ...input, control } satisfies ThreadInput,
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits,
    });
    this.#worker = worker;
    // The driver writes about what broke it; that is told in the step's error.
    worker.stdout.resume();
    worker.stderr.resume();
    const ready = Promise.withResolvers<Refused>();
    this.ready = ready.promise;
    // Whoever needs it waits for it; a spare that is never needed must not end the process.
    this.ready.catch(() => undefined);
    const refused = new Map<number | string, string>();
    let isReady = false;
    const lose = (error: Error): void => {
      ready.reject(error);
      if (this.#closing !== null) return;
      this.#closing = Promise.resolve();
      events.onLost(this, error);
    };
    worker.on("error", lose);
    worker.on("exit", (code) => lose(new Error(`the script thread ended with ${code}`)));
    worker.on("message", (facts: readonly ThreadFact[]) => {
      if (!isReady) {
        for (const fact of facts) {
          if (fact[0] === "refused") refused.set(fact[1], fact[2]);
          if (fact[0] !== "ready") continue;
          isReady = true;
          this.#task = fact[1];
          if (this.#givesWay) this.giveWay();
          ready.resolve(refused);
        }
      }
      events.onFacts(this, facts);
    });
  }

  /** Orders of one turn of the event loop go out together. */
  order(order: ThreadOrder): void {
    if (this.#outbox.push(order) > 1) return;
    setImmediate(() => {
      const orders = this.#outbox;
      this.#outbox = [];
      if (this.#closing === null) this.#worker.postMessage(orders);
    });
  }

  /** The id of the run that it has been computing for without a break, and since when as far as was looked; null: it does not. */
  look(now: number): { readonly run: number; readonly since: number } | null {
    const turn = Atomics.load(this.#words, controlWords.turn);
    if (turn !== this.#latestTurn) {
      this.#latestTurn = turn;
      this.#turnSince = now;
      this.endAt = Number.POSITIVE_INFINITY;
      this.#cpuAtSuspicion = null;
    }
    if (turn % 2 === 0) return null;
    if (now - this.#turnSince >= suspiciousMs) this.#cpuAtSuspicion ??= this.#readCpu();
    return { run: Atomics.load(this.#words, controlWords.running), since: this.#turnSince };
  }

  /**
   * CPU time, ms, that it has used since its turn became suspicious; null: nobody can tell. A run that waits for a
   * processor is no run that computes for long.
   */
  countComputed(): number | null {
    const before = this.#cpuAtSuspicion;
    const now = before === null ? null : this.#readCpu();
    return before === null || now === null ? null : now - before;
  }

  /** Stops a run whether it computes or waits; `endAt` is when patience ends. */
  stop(run: Run, now: number, endAt: number): void {
    this.runs.delete(run);
    Atomics.store(this.#words, controlWords.stop, run.id);
    if (this.look(now)?.run === run.id) this.endAt = Math.min(this.endAt, endAt);
    else this.order(["cancel", run.id]);
  }

  /** From now on what it computes gives way to everything else; there is no way back. */
  giveWay(): void {
    this.#givesWay = true;
    if (this.#task === 0) return;
    try {
      setPriority(this.#task, lowPriority);
    } catch {
      // The thread may have ended, or the system may not let it: it competes as before, which is only slower.
    }
  }

  /** The thread's CPU time so far, ms; null where the system does not say. */
  #readCpu(): number | null {
    if (this.#task === 0) return null;
    try {
      return Number(readFileSync(`/proc/self/task/${this.#task}/schedstat`, "latin1").split(" ", 1)[0]) / 1e6;
    } catch {
      // Only Linux has it, and not every kernel.
      return null;
    }
  }

  /** Idempotent; ends it at once, whatever it does. */
  close(): Promise<void> {
    this.#closing ??= this.#worker.terminate().then(() => undefined);
    return this.#closing;
  }
}
