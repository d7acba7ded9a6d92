import type { Order } from "../protocol/message.ts";
import { listAllotments } from "./allotments.ts";
import { findDismissal } from "./end-idle.ts";
import { createRelease } from "./epochs.ts";
import type { FleetState, Member } from "./fleet-state.ts";
import { createGrant } from "./held-shares.ts";
import { createPrepare, createStart } from "./owner.ts";
import { hasLostSecrets } from "./owner-state.ts";
import { createTeardown, remainingGrace } from "./owner-end.ts";
import { findDue } from "./steering.ts";

/** The orders that a member has not confirmed yet: what was lost on the way, or with the last owner, is said again. */
export function listDue(fleet: FleetState, member: Member, now: number): readonly Order[] {
  const { core } = fleet;
  const slave = core.slaves.find(({ id }) => id === member.id);
  if (slave === undefined) return [];
  const due: Order[] = [];
  // It would prepare without the secrets: who has not said yet that it did is given up when its time is over.
  if (slave.state === "preparing" && !hasLostSecrets(core)) due.push(createPrepare(core, slave));
  if (core.alone === member.id && core.phase === "setup") due.push({ type: "setup" });
  if (core.alone === member.id && core.phase === "teardown") due.push(createTeardown(core));
  if (slave.state === "running" && !member.started && slave.start !== null) due.push(createStart(core, slave.start));
  if (slave.state === "running" && core.phase === "stopping") {
    const command = core.commands.findLast(({ serial }) => serial === null)?.command ?? "stop";
    due.push({ type: "stop", command, graceMs: remainingGrace(core, now) });
  }
  if (core.phase === "closing" && slave.state !== "closed") due.push({ type: "close" });
  if (core.phase !== "running") return due;
  const steering = slave.state === "running" && member.started ? findDue(core, slave) : null;
  if (steering !== null) due.push(steering);
  if (fleet.move?.waiting.has(member.id)) return [...due, createRelease(fleet, member.id)];
  if (member.confirmed < member.epoch) due.push(createGrant(member.epoch, slave.share));
  const dismissal = findDismissal(fleet, slave, member);
  if (dismissal !== null) due.push(dismissal);
  return [...due, ...listAllotments(fleet, member)];
}
