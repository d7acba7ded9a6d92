import type { IterationRange, PlannedScenario, ScenarioShare, VuIteration } from "../../src/protocol/plan.ts";
import type { Random } from "../../src/protocol/ports.ts";

/** What a scenario of a simulated slave is made with. */
export interface ModelContext {
  readonly at: number;
  readonly planned: PlannedScenario;
  readonly random: Random;
  /** How often a looping VU begins, about. */
  readonly periodMs: number;
  /** Test time from the scenario's start. */
  timeMs(): number;
  /** Nothing may start: the test clock stands, or the lease is over. */
  isHeld(): boolean;
  later(delayMs: number, task: () => void): void;
  /** An operation starts; `iteration` names it where it must not start twice. */
  start(vu: number, epoch: number, iteration: string | null): void;
  beginVu(vu: number, epoch: number): void;
  count(metric: Counted, count: number): void;
  /** Waits for the others at a rendezvous; gives whether it may go on, or was interrupted. null: there is none. */
  readonly meet: ((halt: AbortSignal) => Promise<boolean>) | null;
  want(): void;
  claim(through: readonly VuIteration[]): void;
  /** These VUs begin no more here, and have begun so many. */
  halt(begun: readonly VuIteration[]): void;
}

export type Counted = "iterations" | "interrupted_iterations" | "dropped_iterations";

/** One scenario of a slave: who starts what, without any request. */
export interface ScenarioModel {
  /** Test time may begin. */
  begin(): void;
  /** The whole share of this scenario from now on. */
  setShare(part: ScenarioShare, epoch: number): void;
  /** What it lets go of besides: ranges if it has no VU left, and how far these VUs have come. */
  giveBack(vus: readonly number[]): { readonly unstarted: IterationRange[]; readonly begun: VuIteration[] };
  allot(ranges: readonly IterationRange[], last: boolean): void;
  confirm(through: readonly VuIteration[]): void;
  scale(atMs: number, target: number, overMs: number): void;
  /** Running iterations are cut short. */
  interrupt(): void;
  /** No more starts, for ever. `full`: the load's own end. */
  endLoad(full: boolean): void;
  /** Has its load ended? */
  readonly over: boolean;
  /** VUs that have started and not ended. */
  readonly running: number;
  /** Nothing runs, and nothing ever will. */
  readonly ended: boolean;
  /** Nothing runs, and nothing will unless it is granted more. */
  readonly idle: boolean;
}

/** Running iterations of a scenario. */
export interface Runs {
  readonly size: number;
  /** `over` is called at its end, unless it was interrupted. */
  begin(over: () => void): void;
  interrupt(): void;
}

export function createRuns({ later, random, periodMs, count, meet }: ModelContext): Runs {
  const running = new Set<{ readonly halt: AbortController; over(): void }>();
  return {
    get size() {
      return running.size;
    },
    begin(over) {
      const run = { halt: new AbortController(), over };
      const end = (metric: Counted) => {
        if (!running.delete(run)) return;
        count(metric, 1);
        over();
      };
      running.add(run);
      later(periodMs * (0.1 + 0.7 * random()), () => {
        if (!running.has(run)) return;
        if (meet === null) end("iterations");
        else void meet(run.halt.signal).then((goesOn) => end(goesOn ? "iterations" : "interrupted_iterations"));
      });
    },
    interrupt() {
      if (running.size > 0) count("interrupted_iterations", running.size);
      const cut = [...running];
      running.clear();
      if (meet === null) return;
      for (const { halt, over } of cut) {
        halt.abort();
        over();
      }
    },
  };
}
