import type { IterationRange, Plan, PlannedScenario } from "../../src/protocol/plan.ts";
import type { FleetState } from "../../src/cluster/fleet-state.ts";
import type { ScenarioPartition } from "../../src/cluster/partition.ts";
import { countUndone } from "../../src/cluster/loss-account.ts";
import { countAsked } from "../../src/cluster/count-asked.ts";
import { countArrivals } from "../../src/plan/profiles/rate-profile.ts";
import { readRate } from "../../src/cluster/arrival-cut.ts";
import { totalOf } from "../../src/measure/snapshot.ts";
import { testTimeAt } from "../../src/cluster/owner-state.ts";
import { BrokenRule, type GroundTruth } from "./ground-truth.ts";
import { readMeeting } from "./pick-plan.ts";
import type { SimulatedMaster } from "./simulated-master.ts";
import type { SimulatedSlave } from "./simulated-slave.ts";

/** The target's own count is what was applied and what came late; of a killed slave, what it had sent. */
export function checkTotals(
  bySource: ReadonlyMap<string, SimulatedSlave>,
  fleet: FleetState,
  gaps: SimulatedMaster["gaps"],
): void {
  let told = 0;
  // What frames told that are gone with an older store.
  for (const { source, after, number } of gaps) {
    const slave = bySource.get(source);
    if (slave !== undefined) told -= slave.sumFrames(number) - slave.sumFrames(after);
  }
  for (const [name, slave] of bySource) {
    const high = fleet.sources.get(name)?.high ?? 0;
    told += slave.sumFrames(high);
    if (!slave.alive || !fleet.sources.has(name)) continue;
    if (!slave.finished) throw new BrokenRule("every frame of a living slave is acknowledged", name);
    if (slave.uncut > 0) throw new BrokenRule("every operation is in a frame", `${name}: ${slave.uncut}`);
  }
  const applied = sumOf(fleet, "http_reqs");
  if (applied + fleet.late.http_reqs !== told) {
    throw new BrokenRule("applied + late = what the slaves did", `${applied} + ${fleet.late.http_reqs} is not ${told}`);
  }
  if (fleet.lost.iterations > 0 && !fleet.degraded) {
    throw new BrokenRule("a loss is never told without `degraded`", `${fleet.lost.iterations} lost`);
  }
}

/** An execution is final when of each source the last frame is in, or its lease has ended. */
export function checkFinal(bySource: ReadonlyMap<string, SimulatedSlave>, fleet: FleetState): void {
  for (const [name, { high, over }] of fleet.sources) {
    const slave = bySource.get(name);
    if (over || slave === undefined) continue;
    const { last, unsent } = slave.agent.core.frames;
    const behind = slave.uncut > 0 ? 1 : 0;
    if (high !== last + unsent.length + behind) {
      const kept = `${last} sent, ${unsent.length} not, ${slave.uncut} operations in none`;
      throw new BrokenRule(
        "nothing that a source measured is written off before its lease ends",
        `${name}: ${high} of ${kept}`,
      );
    }
  }
}

/**
 * The report's load is as long as it was, whenever its owner heard of its end: not shorter than its last start nor, where
 * nobody was lost, longer than its last source ran. `ownerOrigin`: the owner's clock at true time 0.
 */
export function checkDuration(
  { core, partition }: FleetState,
  truth: GroundTruth,
  ownerOrigin: number,
  skewMs: number,
) {
  if (core.started === null || core.endedAt === null || partition.gone.length > 0) return;
  // Who missed a pause is ahead of the owner's clock.
  if (core.events.some(({ type }) => type === "paused")) return;
  const endedAt = core.endedAt - ownerOrigin;
  const { lastStart, lastEnd } = truth;
  if (endedAt < lastStart - skewMs || endedAt > Math.max(lastEnd, core.started.now - ownerOrigin) + skewMs) {
    throw new BrokenRule(
      "a load is as long as it was",
      `ended at ${endedAt}: last start ${lastStart}, last end ${lastEnd}`,
    );
  }
}

/** A master that was frozen gives nobody up who lives. */
export function checkNobodyLost({ core, partition }: FleetState): void {
  const told = core.events.filter(({ type }) => type === "slave_lost").map(({ message }) => message);
  if (told.length > 0 || partition.gone.length > 0 || core.cause !== null) {
    throw new BrokenRule("who lives is not given up", [...told, core.cause?.message ?? ""].join(", "));
  }
}

/** Where the load says how many iterations there are: planned = completed + interrupted + dropped + lost. */
export function checkPlanned(fleet: FleetState, truth: GroundTruth, now: number): void {
  const { core, partition } = fleet;
  if (core.cause !== null || core.started === null) return;
  const latest = Math.max(0, ...partition.scenarios.flatMap(({ scales }) => scales.map(({ serial }) => serial)));
  // Who was lost before it heard of a rate went by the old one to the end of its lease.
  if (partition.gone.some(({ steered }) => steered < latest)) return;
  let planned = 0;
  for (const [at, { scenario }] of core.plan.scenarios.entries()) {
    const part = partition.scenarios[at];
    if (part === undefined) return;
    const { load } = scenario;
    if (part.shared !== null && load.mode === "shared-iterations") planned += load.iterations;
    else if (load.mode === "per-vu-iterations") planned += countPlanned(fleet, truth, at, load.iterations);
    else if (part.arrivals !== null)
      planned += countArrivals(readRate({ planned: core.plan.scenarios[at] as never, part }));
    else return;
  }
  let reported = 0;
  for (const report of fleet.reports.values()) for (const count of report.reported) reported += count;
  const undone = countUndone(fleet, now).reduce((sum, count) => sum + count, 0);
  const all = reported + undone + fleet.lost.iterations;
  // A slave that heard late of a lower rate has begun more by then; of a removed VU more may be lost than it began.
  const scaled = partition.scenarios.some(({ shared, scales }) => shared === null && scales.length > 0);
  if (scaled ? all < planned : all !== planned) {
    const parts = `${reported} reported, ${undone} never given out, ${fleet.lost.iterations} lost`;
    throw new BrokenRule("planned = completed + interrupted + dropped + lost", `${planned} is not ${parts}`);
  }
  const merged = ["iterations", "interrupted_iterations", "dropped_iterations"].reduce(
    (sum, metric) => sum + sumOf(fleet, metric),
    0,
  );
  if (fleet.late.frames === 0 && merged !== reported + undone) {
    throw new BrokenRule("the report has every iteration", `${merged} is not ${reported} + ${undone}`);
  }
}

/**
 * Every unique row is in one place: not given yet, or with the one source that was given it and alone may have used it.
 * Where nothing happened each row that was given and kept was used: gaps come of losses alone.
 */
export function checkRows(
  fleet: FleetState,
  truth: GroundTruth,
  bySource: ReadonlyMap<string, SimulatedSlave>,
  undisturbed: boolean,
): void {
  const { partition, core } = fleet;
  const state = partition.rows[0] ?? null;
  if (state === null) return;
  const places = new Map<number, string>();
  const place = (ranges: readonly IterationRange[], where: string) => {
    for (const [from, to] of ranges) {
      for (let row = from; row < to; row++) {
        const other = places.get(row);
        if (other !== undefined) throw new BrokenRule("a unique row is in one place", `${row}: ${other}, ${where}`);
        places.set(row, where);
      }
    }
  };
  place(state.ranges, "nobody");
  for (const [source, holding] of partition.holdings) place(holding[partition.scenarios.length]?.rows ?? [], source);
  const count = core.plan.workflow.files[0]?.size ?? 0;
  if (places.size !== count) throw new BrokenRule("no unique row vanishes", `${places.size} of ${count}`);
  for (const [row, source] of truth.usedRows) {
    if (places.get(row) !== source) {
      throw new BrokenRule("a row is used by its holder alone", `${row} by ${source}, held by ${places.get(row)}`);
    }
  }
  // What was still on its way at the end nobody has had.
  for (const [source, holding] of partition.holdings) {
    const last = bySource.get(source)?.agent.allotted[partition.scenarios.length]?.serial ?? 0;
    for (const { serial, ranges } of holding[partition.scenarios.length]?.outstanding ?? []) {
      if (serial > last) for (const [from, to] of ranges) for (let row = from; row < to; row++) places.delete(row);
    }
  }
  const kept = [...places].filter(([, where]) => where !== "nobody").map(([row]) => row);
  const gap = kept.find((row) => !truth.usedRows.has(row));
  if (undisturbed && gap !== undefined) throw new BrokenRule("gaps come of losses alone", `row ${gap}`);
}

/**
 * Against what an all-seeing observer saw begin, not against what anybody reported: without a loss the report has all
 * of it and drops the rest alone, and a load that ended before its time has left nothing undone.
 */
export function checkBegun(fleet: FleetState, truth: GroundTruth, now: number, gaps: SimulatedMaster["gaps"]): void {
  const { core, partition, pool } = fleet;
  if (core.cause !== null || core.started === null) return;
  const undone = countUndone(fleet, now);
  for (const [at, { scenario, durationMs }] of core.plan.scenarios.entries()) {
    const part = partition.scenarios[at];
    if (part === undefined) return;
    const sum = (metric: string) => sumOf(fleet, metric, { scenario: scenario.name });
    const begun = truth.countBegun(at);
    const told = sum("iterations") + sum("interrupted_iterations");
    const lossless = partition.gone.length === 0 && gaps.length === 0;
    if (lossless && begun !== told) {
      throw new BrokenRule("without a loss all that began is in the report", `${begun} began, ${told} are told`);
    }
    const { load } = scenario;
    const planned =
      load.mode === "shared-iterations"
        ? load.iterations
        : load.mode === "per-vu-iterations"
          ? countPlanned(fleet, truth, at, load.iterations)
          : null;
    if (planned === null) continue;
    const dropped = sum("dropped_iterations");
    // Orphans were lost with a slave, if only before its start.
    const whole = lossless && part.orphans.length === 0;
    if (whole && dropped !== planned - begun) {
      throw new BrokenRule("what nobody began is dropped", `${dropped} of ${planned} where ${begun} began`);
    }
    // The slaves' clocks are not the owner's to the millisecond, and some ran on into a pause.
    const shown = [...fleet.reports.values()].map(({ testTimeMs }) => testTimeMs);
    const latest = Math.max(testTimeAt(core, now), ...core.slaves.map(({ furthestMs }) => furthestMs), ...shown);
    if (part.scales.length > 0) continue;
    const early = latest < scenario.startTimeMs + (durationMs ?? 0) - 500;
    const left = undone[at] ?? 0;
    if (early && left > 0 && part.dead.length === 0 && pool[at]?.length === 0) {
      throw new BrokenRule("a load that ends before its time has left nothing undone", `${left} of ${planned}`);
    }
  }
}

/**
 * Iterations of each VU up to the count that was asked for at the end, whoever heard of a scale; of removed VUs those
 * that they began.
 */
function countPlanned(fleet: FleetState, truth: GroundTruth, at: number, iterations: number): number {
  const planned = fleet.core.plan.scenarios[at] as PlannedScenario;
  const part = fleet.partition.scenarios[at] as ScenarioPartition;
  const asked = countAsked(planned, part, planned.scenario.startTimeMs + (planned.durationMs ?? 0));
  let sum = asked * iterations;
  for (let vu = asked + 1; vu <= part.known; vu++) sum += truth.countBegunBy(at, vu);
  return sum;
}

function sumOf(fleet: FleetState, metric: string, tags: Readonly<Record<string, string>> = {}): number {
  const total = totalOf(fleet.core.snapshot, metric, tags);
  return total?.type === "counter" ? Number(total.sum) : 0;
}

/** Where nothing happened whole groups went on, and nobody whose group was there had to leave. */
export function checkMeetings(plan: Plan, truth: GroundTruth, undisturbed: boolean): void {
  if (!undisturbed) return;
  plan.scenarios.forEach((planned, at) => {
    const group = readMeeting(planned)?.count ?? null;
    if (group === null) return;
    const { came, onward, without } = truth.readMeeting(at);
    if (onward % group !== 0) throw new BrokenRule("whole groups go on", `${onward} in groups of ${group}`);
    if (came - onward - without >= group) {
      throw new BrokenRule("who has come together goes on", `${came} came, ${onward} went on, ${without} left`);
    }
  });
}
