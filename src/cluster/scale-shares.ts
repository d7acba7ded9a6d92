import type { SteeringOrder } from "../protocol/message.ts";
import type { FleetState } from "./fleet-state.ts";

/** Takes in an ordered scale, once: VU indices that it asks for and that did not exist are held by nobody yet. */
export function noteScale(fleet: FleetState, order: SteeringOrder & { readonly type: "scale" }): void {
  const { partition, core, pool } = fleet;
  const at = core.plan.scenarios.findIndex(({ scenario }) => scenario.name === order.scenario);
  const part = partition.scenarios[at];
  if (part === undefined || order.serial <= partition.scaled) return;
  partition.scaled = order.serial;
  fleet.dirty = true;
  part.scales.push({ serial: order.serial, atMs: order.atMs, target: order.target, overMs: order.overMs });
  if (part.arrivals !== null) return;
  for (let vu = part.known + 1; vu <= order.target; vu++) {
    pool[at]?.push(vu);
    part.progress?.from.push(0);
    part.progress?.claimed.push(0);
  }
  part.known = Math.max(part.known, order.target);
}
