import type { Arrivals, Departures } from "../protocol/message.ts";
import type { PointState, RendezvousPart, RendezvousState, Waiting } from "./rendezvous-state.ts";
import type { OwnedSlave, OwnerEffect, OwnerState } from "./owner-state.ts";

/** More places than these are not looked at. */
const mostPoints = 1_000;

/** Takes in what a thread says of its VUs; gives what it and others are told. */
export function noteArrivals(state: OwnerState, slave: OwnedSlave, fact: Arrivals): readonly OwnerEffect[] {
  if (slave.state !== "running") return [];
  if (!state.plan.scenarios.some(({ scenario }) => scenario.name === fact.scenario)) return [];
  const known = state.rendezvous.get(fact.scenario) ?? { parts: new Map(), points: new Map() };
  state.rendezvous.set(fact.scenario, known);
  const name = `${slave.id}:${fact.thread}`;
  const part = known.parts.get(name) ?? createPart(slave.id, fact.thread);
  known.parts.set(name, part);
  if (fact.serial <= part.serial) return [];
  part.serial = fact.serial;
  part.threads = fact.threads;
  part.stage = fact.stage;
  part.running = fact.running;
  const told = new Set<string>();
  for (const at of fact.points.slice(0, mostPoints)) {
    const point = known.points.get(at.step) ?? { count: at.count, waiting: [], over: false };
    known.points.set(at.step, point);
    const counts = part.counts.get(at.step) ?? { arrived: 0, released: 0, gone: 0, came: 0, needed: 0 };
    part.counts.set(at.step, counts);
    if (at.arrived > counts.arrived) {
      point.waiting = [...point.waiting, { part: name, vus: at.arrived - counts.arrived }];
      counts.arrived = at.arrived;
    }
    // One that was let on meanwhile does not leave any more.
    const leaving = Math.min(at.leaving, counts.arrived - counts.released) - counts.gone;
    if (leaving > 0) {
      counts.came = countWaiting(point);
      counts.needed = point.count ?? Math.max(countRunning(known), counts.came);
      counts.gone += leaving;
      point.waiting = takeFrom(point.waiting, leaving, name).left;
      state.meetings++;
    }
    const waits = counts.arrived > at.released + at.gone;
    if (counts.released > at.released || counts.gone > at.gone || (point.over && waits)) told.add(name);
  }
  for (const other of decide(state, known)) told.add(other);
  return tell(state, fact.scenario, known, told);
}

/** A slave has ended its load, or is lost: nobody waits for it, and who waited there does not count any more. */
export function forgetArrivals(state: OwnerState, slaveId: string): readonly OwnerEffect[] {
  return [...state.rendezvous].flatMap(([scenario, known]) => {
    for (const [name, part] of known.parts) {
      if (part.slaveId !== slaveId) continue;
      known.parts.delete(name);
      for (const point of known.points.values()) point.waiting = point.waiting.filter((each) => each.part !== name);
      state.meetings++;
    }
    return tell(state, scenario, known, decide(state, known));
  });
}

/** Lets go on whoever may; gives the parts that are to be told. */
function decide(state: OwnerState, known: RendezvousState): ReadonlySet<string> {
  const told = new Set<string>();
  const ready = isComplete(state, known);
  const running = countRunning(known);
  let waits = 0;
  for (const [step, point] of known.points) {
    const here = countWaiting(point);
    const needed = point.count ?? (ready && running > 0 ? running : Number.POSITIVE_INFINITY);
    // Whole groups of `count`; of all that run there is one group, and more than one of a VU's branches may be there.
    const released = here < needed ? 0 : point.count === null ? here : here - (here % needed);
    waits += here - released;
    if (released === 0) continue;
    state.meetings++;
    const { taken, left } = takeFrom(point.waiting, released, null);
    point.waiting = left;
    for (const { part, vus } of taken) {
      const counts = known.parts.get(part)?.counts.get(step);
      if (counts !== undefined) counts.released += vus;
      told.add(part);
    }
  }
  const parts = [...known.parts.values()];
  if (!ready || waits === 0 || waits < running || parts.some(({ stage }) => stage !== "over")) return told;
  // All that still run wait, and no other will begin.
  for (const point of known.points.values()) {
    if (countWaiting(point) === 0) continue;
    point.over = true;
    state.meetings++;
    for (const { part } of point.waiting) told.add(part);
  }
  return told;
}

/** Has everybody who may have VUs of the scenario said so since it began there? */
function isComplete(state: OwnerState, { parts }: RendezvousState): boolean {
  return state.slaves.every((slave) => {
    if (slave.state !== "running") return true;
    const own = [...parts.values()].filter(({ slaveId }) => slaveId === slave.id);
    return own.length > 0 && own.length >= (own[0]?.threads ?? 1) && own.every(({ stage }) => stage !== "waiting");
  });
}

function tell(
  state: OwnerState,
  scenario: string,
  { parts, points }: RendezvousState,
  told: ReadonlySet<string>,
): readonly OwnerEffect[] {
  return [...told].flatMap((name): OwnerEffect[] => {
    const part = parts.get(name);
    if (part === undefined || !state.slaves.some(({ id }) => id === part.slaveId)) return [];
    const departures = [...part.counts].map(([step, { released, gone, came, needed }]): Departures => {
      const over = points.get(step)?.over === true;
      return { step, released, gone, came, needed, over };
    });
    const order = { type: "proceed", scenario, thread: part.thread, points: departures } as const;
    return [{ type: "order", slaveId: part.slaveId, order }];
  });
}

function countWaiting({ waiting }: PointState): number {
  return waiting.reduce((sum, { vus }) => sum + vus, 0);
}

function countRunning({ parts }: RendezvousState): number {
  return [...parts.values()].reduce((sum, { running }) => sum + running, 0);
}

/** The first so many of those who wait, of one part or of all. */
function takeFrom(
  waiting: readonly Waiting[],
  count: number,
  only: string | null,
): { readonly taken: readonly Waiting[]; readonly left: readonly Waiting[] } {
  const taken: Waiting[] = [];
  const left: Waiting[] = [];
  let wanted = count;
  for (const each of waiting) {
    const vus = only === null || each.part === only ? Math.min(wanted, each.vus) : 0;
    wanted -= vus;
    if (vus > 0) taken.push({ part: each.part, vus });
    if (vus < each.vus) left.push({ part: each.part, vus: each.vus - vus });
  }
  return { taken, left };
}

function createPart(slaveId: string, thread: number): RendezvousPart {
  return { slaveId, thread, threads: 1, serial: 0, stage: "waiting", running: 0, counts: new Map() };
}
