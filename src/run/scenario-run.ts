import type { HaltedVus, VuCount } from "../protocol/frame.ts";
import type { IterationRange, ScenarioShare, VuIteration } from "../protocol/plan.ts";
import type { Alarm } from "../protocol/ports.ts";
import { packHalted } from "../plan/halted-vus.ts";
import { createScheduler } from "./schedulers/create-scheduler.ts";
import type { Scheduler, SchedulerContext } from "./schedulers/scheduler.ts";

/**
 * One scenario on one thread.
 *
 * ```
 * waiting --(start_time)--> loading --(end of the load, or stop)--> ending --(last VU ended)--> ended
 *    `---------------------------stop-------------------------------^
 * ```
 * In `ending` no iteration begins; running ones get graceful_stop, by wall time, and are then interrupted.
 */
export interface ScenarioRun {
  /** Makes VUs and sets the alarms; the test clock may start afterwards. */
  start(): void;
  /** Ends the load now; again with less grace: shortens. */
  stop(graceMs: number): void;
  /** `timeMs` is the scenario's own time, not counted from its start. Throws EngineError. */
  scale(timeMs: number, target: number, overMs: number): void;
  /** See Scheduler. */
  release(share: ScenarioShare): Promise<VuIteration[]>;
  grant(share: ScenarioShare): void;
  allot(ranges: readonly IterationRange[], last: boolean): void;
  confirm(through: readonly VuIteration[]): void;
  /** VUs that wait for a row look whether it is there. */
  lookAgain(): void;
  suspend(): void;
  goOn(): void;
  /** Has it nothing to do, now or for ever? */
  readonly idle: boolean;
  /** Before its start, while it begins iterations, afterwards. */
  readonly stage: "waiting" | "loading" | "over";
  /** VUs that have started and not ended. */
  readonly running: number;
  /** At this moment; the most since the previous call. */
  countVus(): VuCount;
  /** Of a fed share: VUs with iterations of their own that begin no more here, since the previous call. */
  takeHalted(): HaltedVus[];
}

export interface ScenarioRunEvents {
  onEnded(): void;
  onFault(error: unknown): void;
  /** `idle` has changed. */
  onIdle(): void;
  onWant(): void;
  onClaim(through: readonly VuIteration[]): void;
}

export function createScenarioRun(
  context: Omit<SchedulerContext, "events">,
  runEvents: ScenarioRunEvents,
): ScenarioRun {
  const { planned, clock, time, meter } = context;
  const { name, gracefulStopMs, startTimeMs } = planned.scenario;
  let phase: "waiting" | "loading" | "ending" | "ended" = "waiting";
  let loadAlarm: Alarm | null = null;
  let graceAlarm: Alarm | null = null;
  let graceEnd = Number.POSITIVE_INFINITY;
  let idle = false;

  const endLoad = (graceMs: number, full: boolean) => {
    if (phase === "ended") return;
    loadAlarm?.cancel();
    loadAlarm = null;
    const end = clock.now() + graceMs;
    if (end < graceEnd) {
      graceEnd = end;
      graceAlarm?.cancel();
      graceAlarm = clock.at(end, () => scheduler.interrupt());
    }
    if (phase !== "ending") {
      phase = "ending";
      scheduler.endLoad(full);
    }
    if (graceMs <= 0) scheduler.interrupt();
  };

  const scheduler: Scheduler = createScheduler({
    ...context,
    events: {
      onLoadOver: () => endLoad(gracefulStopMs, true),
      onEnded() {
        phase = "ended";
        graceAlarm?.cancel();
        graceAlarm = null;
        runEvents.onEnded();
      },
      onFault: runEvents.onFault,
      onIdle(now) {
        idle = now;
        runEvents.onIdle();
      },
      onWant: runEvents.onWant,
      onClaim: runEvents.onClaim,
    },
  });

  return {
    start() {
      scheduler.allocate();
      loadAlarm = time.at(0, () => {
        phase = "loading";
        loadAlarm =
          planned.durationMs === null ? null : time.at(planned.durationMs, () => endLoad(gracefulStopMs, true));
        scheduler.begin();
      });
    },
    stop: (graceMs) => endLoad(graceMs, false),
    scale(timeMs, target, overMs) {
      if (phase === "loading" || phase === "waiting")
        scheduler.scale(Math.max(0, timeMs - startTimeMs), target, overMs);
    },
    release: (kept) => scheduler.release(kept),
    grant: (whole) => scheduler.grant(whole),
    allot: (ranges, last) => scheduler.allot(ranges, last),
    confirm: (through) => scheduler.confirm(through),
    lookAgain: () => scheduler.lookAgain(),
    suspend: () => scheduler.suspend(),
    goOn: () => scheduler.goOn(),
    get idle() {
      return idle || phase === "ended";
    },
    get stage() {
      return phase === "waiting" || phase === "loading" ? phase : "over";
    },
    get running() {
      return scheduler.countActive();
    },
    countVus: () => ({
      scenario: name,
      active: scheduler.countActive(),
      most: scheduler.takeMostActive(),
      allocated: scheduler.countAllocated(),
      planned: phase === "loading" ? scheduler.countPlanned(time.now()) : 0,
      iterations: meter.completed,
    }),
    takeHalted: () => packHalted(name, scheduler.takeHalted()),
  };
}
