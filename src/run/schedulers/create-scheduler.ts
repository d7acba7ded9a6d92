import type { Load, LoadMode } from "../../protocol/load.ts";
import { createLoadProfile } from "../../plan/profiles/load-profile.ts";
import { EngineError } from "../../errors.ts";
import { createArrivals } from "./arrivals.ts";
import { createClaimingDuty, createEndlessDuty, createPerVuDuty, createSharedDuty, type Duty } from "./duty.ts";
import type { Scheduler, SchedulerContext } from "./scheduler.ts";
import { createVuCrew } from "./vu-crew.ts";

type LoadOf<Mode extends LoadMode> = Extract<Load, { readonly mode: Mode }>;
type SchedulerFactory<Mode extends LoadMode> = (context: SchedulerContext, load: LoadOf<Mode>) => Scheduler;

/** What schedules each load mode. */
const schedulers: { readonly [Mode in LoadMode]: SchedulerFactory<Mode> } = {
  "constant-vus": (context, load) => createCrew(context, load, createEndlessDuty(context)),
  "ramping-vus": (context, load) => createCrew(context, load, createEndlessDuty(context), load.gracefulRampDownMs),
  "per-vu-iterations": (context, load) =>
    createCrew(context, load, (context.fed ? createClaimingDuty : createPerVuDuty)(context, load.iterations)),
  "shared-iterations": (context, load) => createCrew(context, load, createSharedDuty(context)),
  "constant-arrival-rate": (context, load) => createPool(context, load),
  "ramping-arrival-rate": (context, load) => createPool(context, load),
  "externally-controlled": (context, load) => createCrew(context, load, createEndlessDuty(context)),
};

/** Makes the scheduler of a scenario's load. */
export function createScheduler(context: SchedulerContext): Scheduler {
  const { load } = context.planned.scenario;
  return (schedulers[load.mode] as (context: SchedulerContext, load: Load) => Scheduler)(context, load);
}

function createCrew(
  context: SchedulerContext,
  load: Load,
  duty: Duty,
  leaveGraceMs = context.planned.scenario.gracefulStopMs,
): Scheduler {
  const profile = createLoadProfile(load);
  if (profile.kind !== "vus") throw new EngineError("internal_error", `${load.mode} has no profile of VUs`);
  return createVuCrew(context, profile.vus, duty, leaveGraceMs);
}

function createPool(context: SchedulerContext, load: Load): Scheduler {
  const profile = createLoadProfile(load);
  if (profile.kind !== "arrivals") throw new EngineError("internal_error", `${load.mode} has no profile of arrivals`);
  return createArrivals(context, profile);
}
