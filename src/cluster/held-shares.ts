import { countIndices, endless } from "../plan/index-runs.ts";
import type { Order } from "../protocol/message.ts";
import type { Share } from "../protocol/plan.ts";
import { type CutContext, countVusOf } from "./arrival-cut.ts";
import type { FleetState, Member } from "./fleet-state.ts";
import type { OwnedSlave } from "./owner-state.ts";
import { findLatestOf, scenarioTimeAt } from "./scenario-time.ts";

/** An order for one member; the fleet stamps and sends it once the state behind it is durable. */
export interface MemberOrder {
  readonly slaveId: string;
  readonly order: Order;
}

/** A slave that runs its share. */
export interface RunningMember {
  readonly slave: OwnedSlave;
  readonly member: Member;
}

/** Those that have started and not ended. */
export function listRunning({ core, members }: FleetState): readonly RunningMember[] {
  return core.slaves.flatMap((slave) => {
    const member = members.get(slave.id);
    return member !== undefined && slave.state === "running" && member.started ? [{ slave, member }] : [];
  });
}

/** Serial of the latest scale that is in force. */
function findScaled({ core, partition }: FleetState, now: number): number {
  const inForce = partition.scenarios.flatMap(({ scales }, at) => {
    const timeMs = scenarioTimeAt(core, core.plan.scenarios[at]?.scenario.name ?? "", now);
    return scales.filter(({ atMs }) => atMs <= timeMs);
  });
  return Math.max(0, ...inForce.map(({ serial }) => serial));
}

/** Those that may be given more: not on their way out, not told to end, and with every scale that is in force taken in. */
export function listTakers(
  fleet: FleetState,
  running: readonly RunningMember[],
  now: number,
): readonly RunningMember[] {
  const scaled = findScaled(fleet, now);
  return running.filter(({ slave, member }) => !member.draining && !member.dismissed && slave.steered >= scaled);
}

/** Those that may be given more once they have started, and have taken in every scale that is in force. */
export function listBehind(fleet: FleetState, now: number): readonly Member[] {
  const scaled = findScaled(fleet, now);
  return fleet.core.slaves.flatMap(({ id, state, steered }) => {
    const member = fleet.members.get(id);
    if (member === undefined || state !== "running" || member.draining || member.dismissed) return [];
    return steered < scaled ? [member] : [];
  });
}

/** Those of them that a scenario selects; no more than it wants, who has VUs of it already first. */
export function pickTakers(
  { mayHold, mostHolders }: Pick<FleetState, "mayHold" | "mostHolders">,
  takers: readonly RunningMember[],
  at: number,
): readonly RunningMember[] {
  const able = takers.filter(({ member }) => mayHold(member.id, at));
  const most = mostHolders[at] ?? Number.POSITIVE_INFINITY;
  if (able.length <= most) return able;
  return able
    .toSorted(
      (a, b) =>
        Number(countVusOf(b.slave.share.scenarios[at]) > 0) - Number(countVusOf(a.slave.share.scenarios[at]) > 0),
    )
    .slice(0, most);
}

/** How many VU indices a share holds. */
export function countHeld(share: Share): number {
  return share.scenarios.reduce((sum, part) => sum + countIndices(part.vus, endless), 0);
}

/** The VUs that arrivals are striped by, by slave; `dead` for those that nobody is to take. */
export function countWanted(
  fleet: FleetState,
  running: readonly RunningMember[],
  at: number,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { slave, member } of running) {
    const count = countVusOf(slave.share.scenarios[at]);
    if (!member.draining && count > 0) counts.set(member.id, count);
  }
  const dead = fleet.partition.scenarios[at]?.dead.length ?? 0;
  if (dead > 0) counts.set("", dead);
  return counts;
}

/** Puts VUs back to those that nobody holds. */
export function returnToPool(fleet: FleetState, at: number, vus: readonly number[]): void {
  const pool = fleet.pool[at];
  if (pool === undefined || vus.length === 0) return;
  const part = fleet.partition.scenarios[at];
  if (part !== undefined) part.worn = [...new Set([...part.worn, ...vus])];
  pool.push(...vus);
  pool.sort((a, b) => a - b);
}

/** A scenario's part of the cluster, for what depends on its test time. null: it has no arrivals. */
export function createCutContext(fleet: FleetState, at: number, now: number): CutContext | null {
  const planned = fleet.core.plan.scenarios[at];
  const part = fleet.partition.scenarios[at];
  if (planned === undefined || part === undefined || part.arrivals === null) return null;
  const holders = fleet.core.slaves.filter(({ share }) => (share.scenarios[at]?.arrivals ?? []).length > 0);
  const steered = Math.min(Number.MAX_SAFE_INTEGER, ...holders.map((slave) => slave.steered));
  const { startTimeMs, name } = planned.scenario;
  const timeMs = scenarioTimeAt(fleet.core, name, now) - startTimeMs;
  const latest = holders.map((slave) => findLatestOf(fleet.core, slave, name, now) - startTimeMs);
  const latestMs = Math.max(...latest, timeMs);
  return { planned, part, timeMs, latestMs, times: fleet.times, steered };
}

/** The order that gives a member its whole share. */
export function createGrant(epoch: number, share: Share): Order {
  return { type: "grant", epoch, share: stripShare(share) };
}

/** Shared iterations travel with `prepare` and in allotments only. */
export function stripShare(share: Share): Share {
  return { scenarios: share.scenarios.map((part) => ({ ...part, iterations: [] })) };
}
