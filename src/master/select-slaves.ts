import { EngineError } from "../errors.ts";
import type { TargetSlaves } from "../protocol/workflow.ts";
import type { RegisteredSlave, Registry } from "./registered-slave.ts";

/** What a workflow asks of the slaves it runs on. */
export interface SlaveNeeds {
  readonly target: TargetSlaves;
  /** Derived from the steps, in their order. */
  readonly capabilities: readonly string[];
  /** VUs asked for. */
  readonly vus: number;
}

/** A slave that will get VUs, and how many it has room for. */
export interface ChosenSlave {
  readonly id: string;
  readonly free: number;
  /** May it have VUs of a scenario, by the plan's order? Absent: of all. */
  readonly takes?: readonly boolean[];
}

/** Slaves for an execution, or why there are none. */
export type Selection = { readonly chosen: readonly ChosenSlave[] } | Refusal;

/** Why there are no slaves for an execution. */
export interface Refusal {
  readonly error: EngineError;
  /** What would help: room on the slaves that are there, or more slaves; null: neither. */
  readonly lacks: "room" | "slaves" | null;
}

/**
 * Chooses the slaves of an execution. Every condition that is given applies in every mode; label, capability and auto
 * use all that match, at most `max_slaves` of them: least load first, then by id. Never more slaves than VUs.
 */
export function selectSlaves(registered: readonly RegisteredSlave[], needs: SlaveNeeds): Selection {
  const { target, vus } = needs;
  const found = findMatching(registered, needs);
  if ("error" in found) return found;
  // A busy one has nothing to give; named or labelled it is still there.
  const counts =
    target.mode === "auto" || target.mode === "capability" ? found.matching.filter(isFree) : found.matching;
  const present = counts.length === 0 ? found.matching.length : counts.length;
  if (present < target.minSlaves) {
    const message = `not enough slaves available: need ${target.minSlaves}, have ${present}`;
    return lackSlaves(message, "start more slaves, or ask for fewer with target_slaves.min_slaves");
  }
  if (vus < target.minSlaves) {
    const message = `not enough VUs for target_slaves.min_slaves: need ${target.minSlaves}, have ${vus}`;
    return refuse(message, "no slave runs without a VU: ask for more VUs, or for fewer slaves");
  }
  const ordered = target.mode === "manual" ? found.matching.filter(isFree) : sortByLoad(found.matching.filter(isFree));
  const chosen = ordered
    .slice(0, Math.min(target.maxSlaves ?? vus, vus))
    .map((slave) => ({ id: slave.card.id, free: Math.min(freeVus(slave), Number.MAX_SAFE_INTEGER) }));
  const free = chosen.reduce((sum, slave) => sum + slave.free, 0);
  if (free >= vus && chosen.length > 0) return { chosen };
  const error = createError(
    `not enough capacity: need ${vus} VUs, have ${free}`,
    "start more slaves or raise their --max-vus, ask for fewer VUs, or submit with --queue (queue: true) to wait for room",
  );
  return { error, lacks: "room" };
}

/** May this slave join an execution of these needs? Whether it has room is not asked. */
export function suitsNeeds(slave: RegisteredSlave, needs: SlaveNeeds): boolean {
  return isOnline(slave) && isSelected(slave, needs);
}

/** Does it have the name, the labels and the capabilities that are asked for? */
export function isSelected(
  slave: Pick<RegisteredSlave, "card">,
  { target, capabilities }: Pick<SlaveNeeds, "target" | "capabilities">,
): boolean {
  return (
    (target.mode !== "manual" || target.slaveIds.includes(slave.card.id)) &&
    hasLabels(slave, target.labels) &&
    hasAll(slave, target.capabilities) &&
    hasAll(slave, capabilities)
  );
}

/** Slaves that are named and have no room now: an execution goes on without them where the others have enough. */
export function listFull(needs: readonly SlaveNeeds[], { get }: Pick<Registry, "get">): readonly string[] {
  const named = needs.flatMap(({ target }) => (target.mode === "manual" ? target.slaveIds : []));
  return [...new Set(named)].filter((id) => get(id)?.state === "busy");
}

/** VUs that a slave has room for now. */
export function freeVus({ card, heldVus }: RegisteredSlave): number {
  return card.max_vus === null ? Number.POSITIVE_INFINITY : Math.max(0, card.max_vus - heldVus);
}

function findMatching(
  registered: readonly RegisteredSlave[],
  { target, capabilities }: SlaveNeeds,
): { readonly matching: readonly RegisteredSlave[] } | Refusal {
  const manual = target.mode === "manual";
  const named = manual ? findNamed(registered, target.slaveIds) : registered.filter(isOnline);
  if ("error" in named) return named;
  /** All that are named are used: none of them may lack anything. */
  const isShort = (before: readonly RegisteredSlave[], after: readonly RegisteredSlave[]): boolean =>
    manual ? after.length < before.length : after.length === 0;
  const labelled = named.filter((slave) => hasLabels(slave, target.labels));
  if (Object.keys(target.labels).length > 0 && isShort(named, labelled)) {
    return refuse(
      `no slaves found matching labels: ${formatLabels(target.labels)}`,
      "all labels must match one online slave; see: workflow-engine slaves list",
    );
  }
  const wanted = labelled.filter((slave) => hasAll(slave, target.capabilities));
  if (target.capabilities.length > 0 && isShort(labelled, wanted)) return lackCapabilities(target.capabilities);
  if (wanted.length === 0) {
    const message = `not enough slaves available: need ${target.minSlaves}, have 0`;
    return lackSlaves(message, "start one: workflow-engine slave start --master URL");
  }
  const able = wanted.filter((slave) => hasAll(slave, capabilities));
  return isShort(wanted, able) ? lackCapabilities(capabilities) : { matching: able };
}

function findNamed(
  registered: readonly RegisteredSlave[],
  ids: readonly string[],
): readonly RegisteredSlave[] | Refusal {
  const named: RegisteredSlave[] = [];
  for (const id of ids) {
    const slave = registered.find(({ card }) => card.id === id);
    if (slave === undefined) return refuse(`slave not found: ${id}`, "see: workflow-engine slaves list");
    if (!isOnline(slave)) {
      const hint = slave.state === "draining" ? "it is draining; undrain it" : "start it, or name another";
      return refuse(`slave is not online: ${id}`, hint);
    }
    named.push(slave);
  }
  return named;
}

function lackCapabilities(capabilities: readonly string[]): Refusal {
  return refuse(
    `no slaves found with capabilities: ${capabilities.join(",")}`,
    "a slave announces them with --capabilities; see: workflow-engine slaves list",
  );
}

function refuse(message: string, hint: string): Refusal {
  return { error: createError(message, hint), lacks: null };
}

function lackSlaves(message: string, hint: string): Refusal {
  return { error: createError(message, hint), lacks: "slaves" };
}

function createError(message: string, hint: string): EngineError {
  return new EngineError("scheduling_failed", message, { hint });
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(",");
}

function isOnline({ state }: RegisteredSlave): boolean {
  return state === "online" || state === "busy";
}

function isFree(slave: RegisteredSlave): boolean {
  return freeVus(slave) > 0;
}

function hasLabels({ card }: Pick<RegisteredSlave, "card">, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(
    ([name, value]) => Object.hasOwn(card.labels, name) && card.labels[name] === value,
  );
}

function hasAll({ card }: Pick<RegisteredSlave, "card">, capabilities: readonly string[]): boolean {
  return capabilities.every((capability) => card.capabilities.includes(capability));
}

function sortByLoad(slaves: readonly RegisteredSlave[]): RegisteredSlave[] {
  return slaves.toSorted((left, right) => loadOf(left) - loadOf(right) || (left.card.id < right.card.id ? -1 : 1));
}

/** Share of its VUs in use, 0..1; 0 where there is no limit. */
export function loadOf({ card, heldVus }: RegisteredSlave): number {
  if (card.max_vus === null) return 0;
  return card.max_vus === 0 ? 1 : Math.min(1, heldVus / card.max_vus);
}
