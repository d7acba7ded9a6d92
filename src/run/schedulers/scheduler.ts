import type { CompiledScenario } from "../../flow/compiled.ts";
import type { Plan, PlannedScenario, ScenarioShare } from "../../protocol/plan.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { Claims } from "../claims.ts";
import type { IterationMeter } from "../iteration-meter.ts";
import type { ScenarioClock } from "../scenario-clock.ts";
import type { Turn } from "../turn.ts";

/** What a scheduler works with: one scenario's share on one thread. */
export interface SchedulerContext {
  readonly plan: Plan;
  readonly planned: PlannedScenario;
  /** The scenario's place in the plan. */
  readonly position: number;
  readonly share: ScenarioShare;
  readonly scenario: CompiledScenario;
  readonly clock: Clock;
  readonly time: ScenarioClock;
  readonly turn: Turn;
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
}

/** Starts the iterations of one scenario's share as its load mode asks. Called in this order; `scale` while it runs. */
export interface Scheduler {
  /** Makes the VUs that must be ready before the first start. */
  allocate(): void;
  /** The scenario's test time is 0. */
  begin(): void;
  /** Makes the load go to `target` over `overMs` from scenario time `timeMs`. Throws EngineError. */
  scale(timeMs: number, target: number, overMs: number): void;
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
}
