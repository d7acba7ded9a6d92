import type { CompiledScenario } from "../../flow/compiled.ts";
import type { IterationRange, Plan, PlannedScenario, ScenarioShare, VuIteration } from "../../protocol/plan.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { Claims } from "../claims.ts";
import type { Gate } from "../gate.ts";
import type { IterationMeter } from "../iteration-meter.ts";
import type { ScenarioClock } from "../scenario-clock.ts";
import type { Turn } from "../../flow/turn.ts";

/** What a scheduler works with: one scenario's share on one thread. */
export interface SchedulerContext {
  readonly plan: Plan;
  readonly planned: PlannedScenario;
  /** The scenario's place in the plan. */
  readonly position: number;
  /** At the beginning. */
  readonly share: ScenarioShare;
  /** An owner feeds the share while it runs: shared iterations are allotted, iterations of a VU are confirmed. */
  readonly fed: boolean;
  readonly scenario: CompiledScenario;
  readonly clock: Clock;
  readonly time: ScenarioClock;
  readonly turn: Turn;
  readonly gate: Gate;
  readonly meter: IterationMeter;
  readonly claims: Claims;
  readonly events: SchedulerEvents;
}

export interface SchedulerEvents {
  /** Nothing more is to start: all iterations are begun, or the time was seen to be over before its alarm came. */
  onLoadOver(): void;
  /** The load is over and every VU has ended. */
  onEnded(): void;
  /** The engine itself failed. */
  onFault(error: unknown): void;
  /** A VU found no shared iteration left, and there may be more. */
  onWant(): void;
  /** A fed scenario has nothing to do now, or has again; at the beginning it has. */
  onIdle(idle: boolean): void;
  /** These VUs want to begin iterations below these numbers. */
  onClaim(through: readonly VuIteration[]): void;
}

/** Starts the iterations of one scenario's share as its load mode asks. Called in this order; `scale` and what follows it while it runs. */
export interface Scheduler {
  /** Makes the VUs that must be ready before the first start. */
  allocate(): void;
  /** The scenario's test time is 0. */
  begin(): void;
  /** Makes the load go to `target` over `overMs` from scenario time `timeMs`. Throws EngineError. */
  scale(timeMs: number, target: number, overMs: number): void;
  /**
   * Keeps this part of its share alone. Resolves once nothing outside it runs any more, at most the graceful stop later,
   * with the numbers of the iterations at which the VUs that were given up would go on.
   */
  release(share: ScenarioShare): Promise<VuIteration[]>;
  /** Its whole share from now on; what it holds already goes on undisturbed. */
  grant(share: ScenarioShare): void;
  /** More shared iterations, for all threads in common; `last`: there will be no more. */
  allot(ranges: readonly IterationRange[], last: boolean): void;
  /** These VUs may begin iterations below these numbers. Unknown VUs are not this thread's. */
  confirm(through: readonly VuIteration[]): void;
  /** VUs that wait for a row look whether it is there. */
  lookAgain(): void;
  /** The gate is shut: what runs is aborted. */
  suspend(): void;
  /** The gate is open again. */
  goOn(): void;
  /** No more iterations begin; what was due and could still be begun in time is, when the load has run its `full` time. */
  endLoad(full: boolean): void;
  /** Cuts running iterations short. */
  interrupt(): void;
  /** VUs that run, that are made, and that the profile asks of this share at this scenario time. */
  countActive(): number;
  /** The most that ran at once since the previous call. */
  takeMostActive(): number;
  countAllocated(): number;
  countPlanned(timeMs: number): number;
  /** See ScenarioRun: each with how many it has begun, here and before. */
  takeHalted(): readonly VuIteration[];
}
