import type { Fact, SteeringOrder } from "../protocol/message.ts";
import { findPassed } from "./arrival-cut.ts";
import type { FleetState } from "./fleet-state.ts";
import { createCutContext } from "./held-shares.ts";
import type { OwnedSlave } from "./owner-state.ts";

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

/** A slave has acted on a command. If that is a rate, it went by the one before up to now: no cut lies before that. */
export function noteLateRate(
  fleet: FleetState,
  { steered }: OwnedSlave,
  { command, testTimeMs }: Fact & { readonly type: "applied" },
  now: number,
): void {
  const order = fleet.core.steering.find((each) => each.command === command && each.serial > steered);
  if (order?.type !== "scale" || testTimeMs === null) return;
  const at = fleet.core.plan.scenarios.findIndex(({ scenario }) => scenario.name === order.scenario);
  raiseLeastCut(fleet, at, testTimeMs, steered, now);
}

/** Somebody who had acted on the commands through `steered` may have begun all arrivals up to this test time. */
export function raiseLeastCut(fleet: FleetState, at: number, testTimeMs: number, steered: number, now: number): void {
  const context = createCutContext(fleet, at, now);
  const arrivals = context?.part.arrivals ?? null;
  if (context === null || arrivals === null) return;
  const passed = findPassed(context, testTimeMs - context.planned.scenario.startTimeMs, steered);
  if (passed <= arrivals.leastCut) return;
  arrivals.leastCut = passed;
  fleet.dirty = true;
}
