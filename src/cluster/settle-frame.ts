import { applyFrame } from "../measure/snapshot.ts";
import type { Frame, VuCount } from "../protocol/frame.ts";
import { type FleetEffect, type FleetEvent, type FleetState, nameSource } from "./fleet-state.ts";
import { limitVus } from "./limit-vus.ts";
import { noteReported } from "./loss-account.ts";
import { stampOrder } from "./tell-core.ts";

/** Merges a frame that the store has taken, once, and acknowledges it; asks again for what is missing before it. */
export function settleFrame(
  fleet: FleetState,
  event: FleetEvent & { readonly type: "stored" },
  now: number,
): readonly FleetEffect[] {
  const { slaveId, incarnation, frame, outcome, high } = event;
  const name = nameSource(slaveId, incarnation);
  const source = fleet.sources.get(name);
  if (source === undefined) return [];
  if (outcome === "gap") return [stampOrder(fleet, slaveId, incarnation, { type: "resend", after: high })];
  if (outcome === "appended" && frame.number === source.high + 1) {
    source.high = frame.number;
    noteReported(fleet, name, frame);
    if (source.finalHigh !== null && frame.number > source.finalHigh) addLate(fleet.late, frame);
    else applyFrame(fleet.core.snapshot, slaveId, { ...frame, vus: listVus(fleet, event, now) });
  }
  return [stampOrder(fleet, slaveId, incarnation, { type: "ack", through: high })];
}

/** Of a slave that was given up none: its VUs run elsewhere since its lease ended. */
function listVus(
  fleet: FleetState,
  { slaveId, incarnation, frame }: FleetEvent & { readonly type: "stored" },
  now: number,
): readonly VuCount[] {
  const member = fleet.members.get(slaveId);
  const slave = fleet.core.slaves.find(({ id }) => id === slaveId);
  if (slave === undefined || member?.incarnation !== incarnation) return [];
  return limitVus(fleet, slave, frame.vus, frame.number <= member.fewerSince, now);
}

/** Counts a frame that came after the end. */
export function addLate(late: FleetState["late"], frame: Frame): void {
  late.frames++;
  for (const delta of frame.series) {
    if (delta.type !== "counter") continue;
    if (delta.key.metric === "http_reqs") late.http_reqs += delta.sum;
    if (delta.key.metric === "iterations") late.iterations += delta.sum;
  }
}
