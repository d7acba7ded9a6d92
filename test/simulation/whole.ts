import type { LeaseTimes } from "../../src/cluster/lease-times.ts";
import type { Plan } from "../../src/protocol/plan.ts";
import { masterFrozen } from "./faults.ts";
import { BrokenRule, type GroundTruth } from "./ground-truth.ts";
import { readMeeting } from "./pick-plan.ts";
import type { Weather } from "./network.ts";

export interface Whole {
  readonly plan: Plan;
  readonly truth: GroundTruth;
  readonly faults: readonly string[];
  readonly weather: Weather;
  readonly crashRate: number;
  readonly times: LeaseTimes;
  readonly room: number;
  readonly slaveCount: number;
}

/**
 * After one loss that the survivors have room for, no looping VU stood still for longer than H + 1 s (and its own period);
 * where the master was frozen, for no longer than nobody could renew a lease, and a second.
 */
export function checkWhole({ plan, truth, faults, weather, crashRate, times, room, slaveCount }: Whole): void {
  const [only] = faults;
  const steady = ["constant-vus", "externally-controlled"];
  if (faults.length > 1 || weather.lossRate > 0 || crashRate > 0 || weather.longestDelayMs > 40) return;
  if (plan.scenarios.some(({ scenario }) => !steady.includes(scenario.load.mode))) return;
  // Whoever waits for others stands still.
  if (plan.scenarios.some((planned) => readMeeting(planned) !== null)) return;
  const frozenMs = Number(only?.split(masterFrozen)[1] ?? 0);
  if (only !== undefined && frozenMs === 0) {
    if (!/ (kill|freeze) /.test(only) || room < plan.vus || slaveCount < 2) return;
    if (plan.workflow.onSlaveLoss !== "redistribute") return;
  }
  const unleasedMs = Math.max(0, frozenMs - (times.lengthMs - times.renewMs));
  const allowed = only === undefined || frozenMs > 0 ? unleasedMs + 1_000 : times.timeoutMs + 1_000 + 375;
  const gap = truth.findLongestGap();
  if (gap > allowed) throw new BrokenRule("the load is whole again within H + 1 s of a loss", `${gap} > ${allowed}`);
}
