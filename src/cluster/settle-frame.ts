import { applyFrame } from "../measure/snapshot.ts";
import { findBefore } from "../protocol/find-before.ts";
import type { Frame, FrameGap, VuCount } from "../protocol/frame.ts";
import { type FleetEffect, type FleetEvent, type FleetState, nameSource } from "./fleet-state.ts";
import { limitVus } from "./limit-vus.ts";
import { noteReported } from "./loss-account.ts";
import { type Instant, noteEvent, noteLoadEnd, noteShown } from "./owner-state.ts";
import { findPlanEnd } from "./scenario-time.ts";
import { stampOrder } from "./tell-core.ts";

/** Merges a frame that the store has taken, once, and acknowledges it; asks again for what is missing before it. */
export function settleFrame(
  fleet: FleetState,
  event: FleetEvent & { readonly type: "stored" },
  time: Instant,
): readonly FleetEffect[] {
  const { slaveId, incarnation, frame, outcome, high } = event;
  const name = nameSource(slaveId, incarnation);
  const source = fleet.sources.get(name);
  if (source === undefined) return [];
  if (outcome === "gap") return askAgain(fleet, event, time.now);
  if (outcome === "appended" && findBefore(frame) === source.high) {
    source.high = frame.number;
    noteReported(fleet, name, frame);
    const gone = fleet.partition.gone.find((each) => each.source === name);
    if (gone !== undefined) noteLoadEnd(fleet.core, Math.min(frame.testTimeMs, gone.leasedMs, findPlanEnd(fleet.core)));
    if (frame.gap !== undefined) noteGap(fleet, slaveId, frame.gap, frame.number, time);
    else if (source.finalHigh !== null && frame.number > source.finalHigh) addLate(fleet.late, frame);
    else applyFrame(fleet.core.snapshot, slaveId, { ...frame, vus: takeVus(fleet, event, time.now) });
  }
  return [stampOrder(fleet, slaveId, incarnation, { type: "ack", through: high })];
}

/** Each frame behind a gap shows it again: what is on its way is not asked for with every one. */
function askAgain(
  fleet: FleetState,
  { slaveId, incarnation, high }: FleetEvent & { readonly type: "stored" },
  now: number,
): readonly FleetEffect[] {
  const name = nameSource(slaveId, incarnation);
  const before = fleet.asked.get(name);
  if (before !== undefined && before.after === high && now < before.at + fleet.times.renewMs) return [];
  fleet.asked.set(name, { after: high, at: now });
  return [stampOrder(fleet, slaveId, incarnation, { type: "resend", after: high })];
}

/** Frames that the store once had and has no more: what they measured is in no number. */
function noteGap(fleet: FleetState, slaveId: string, { after }: FrameGap, through: number, time: Instant): void {
  const message = `frames ${after + 1} to ${through} of ${slaveId} are gone with the store that they were in`;
  // A new owner is fed them again.
  if (fleet.core.events.some((event) => event.type === "frames_lost" && event.message === message)) return;
  fleet.degraded = true;
  fleet.dirty = true;
  noteEvent(fleet.core, "frames_lost", message, time, slaveId);
}

/** Of a slave that was given up none: its VUs run elsewhere since its lease ended. Of a member it is noted how far it came. */
function takeVus(
  fleet: FleetState,
  { slaveId, incarnation, frame }: FleetEvent & { readonly type: "stored" },
  now: number,
): readonly VuCount[] {
  const member = fleet.members.get(slaveId);
  const slave = fleet.core.slaves.find(({ id }) => id === slaveId);
  if (slave === undefined || member?.incarnation !== incarnation) return [];
  noteShown(slave, frame.testTimeMs);
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
