import { endless, listIndices } from "../plan/index-runs.ts";
import { unpackHalted } from "../plan/halted-vus.ts";
import { joinRanges } from "../plan/move-ranges.ts";
import type { PlannedScenario } from "../protocol/plan.ts";
import { returnToPool } from "./held-shares.ts";
import { type FleetState, hasReportedAll, type Member, nameSource } from "./fleet-state.ts";
import { type Instant, noteLoadEnd, type OwnedSlave, testTimeAt } from "./owner-state.ts";
import { findLatestOf, findPlanEnd, findStand, toScenarioTime } from "./scenario-time.ts";
import type { GoneScenario } from "./partition.ts";
import { loseRows } from "./unique-rows.ts";
import { countAsked } from "./count-asked.ts";
import { readNext } from "./vu-rest.ts";
import { raiseLeastCut } from "./scale-shares.ts";

/**
 * Takes back all that a lost slave held, once its lease has ended. What it may have begun is never given out again: it
 * is lost unless its frames still come. Where nobody is to take its VUs they are dead.
 */
export function loseShare(fleet: FleetState, slave: OwnedSlave, member: Member, time: Instant): void {
  fleet.dirty = true;
  const { core, partition } = fleet;
  const source = nameSource(member.id, member.incarnation);
  const holding = partition.holdings.get(source);
  const atMs = testTimeAt(core, time.now);
  // Also one that has closed its part, as long as its last frame is not in.
  const begun = slave.start !== null;
  const dead = begun && core.plan.workflow.onSlaveLoss === "continue";
  const complete = hasReportedAll(fleet.sources.get(source));
  const scenarios = slave.share.scenarios.map((part, at): GoneScenario => {
    const planned = core.plan.scenarios[at];
    const state = partition.scenarios[at];
    const held = holding?.[at];
    const vus = listIndices(part.vus, 0, endless);
    if (planned === undefined || state === undefined || held === undefined) {
      return { vus: 0, assigned: 0, windows: [], untilMs: 0, below: null };
    }
    if (dead) state.dead.push(...vus);
    else {
      returnToPool(fleet, at, vus);
      // After the load nobody would have gone on with them, nor after its own: what is left of it nobody began.
      if (core.endedAt === null && !complete) state.orphans = [...state.orphans, ...vus];
    }
    if (!begun && state.shared !== null) {
      state.shared.ranges = joinRanges(state.shared.ranges, part.iterations);
      held.assigned = 0;
    }
    if (begun && part.arrivals.length > 0) {
      raiseLeastCut(fleet, at, findLatestOf(core, slave, planned.scenario.name, time.now), slave.steered, time.now);
    }
    const asked = countAsked(planned, state, toScenarioTime(core, planned.scenario.name, atMs));
    if (state.progress !== null) {
      const { from, claimed } = state.progress;
      const halted = unpackHalted(planned.scenario.name, fleet.reports.get(source)?.halted ?? [], state.known);
      for (const vu of vus) {
        const first = from[vu - 1] ?? 0;
        const told = complete || (halted.get(vu) ?? 0) > first;
        if (told || !begun) claimed[vu - 1] = readNext(state, halted, vu);
        // What nobody is to go on with is lost to the end.
        else if (dead && vu <= asked) claimed[vu - 1] = iterationsOf(planned);
        held.assigned += (claimed[vu - 1] ?? 0) - first;
      }
    }
    return {
      vus: vus.filter((vu) => vu <= asked).length,
      assigned: held.assigned,
      windows: part.arrivals,
      untilMs: Math.min(atMs, findStand(core, planned.scenario.name)),
      below: null,
    };
  });
  const heardAt = member.deadline - fleet.times.timeoutMs;
  const livedMs = Math.min(atMs, testTimeAt(core, heardAt + fleet.times.renewMs / 2));
  const leasedMs = Math.min(atMs, testTimeAt(core, heardAt + fleet.times.lengthMs));
  if (slave.state === "running" && core.started !== null) {
    const reportedMs = Math.min(leasedMs, fleet.reports.get(source)?.testTimeMs ?? 0);
    noteLoadEnd(core, Math.min(Math.max(livedMs, reportedMs), findPlanEnd(core)));
  }
  if ((begun && !complete) || scenarios.some(({ windows }) => windows.length > 0 && !complete)) {
    partition.gone.push({
      source,
      slaveId: member.id,
      atMs,
      livedMs,
      leasedMs,
      steered: slave.steered,
      scenarios,
    });
  }
  loseRows(fleet, member, time);
  slave.share = {
    scenarios: slave.share.scenarios.map((part) => ({
      vus: [],
      arrivals: [],
      iterations: [] as typeof part.iterations,
    })),
  };
  fleet.move?.keep.delete(member.id);
  fleet.move?.waiting.delete(member.id);
}

/** How many iterations each VU has to do; 0 in modes that do not say. */
function iterationsOf({ scenario: { load } }: PlannedScenario): number {
  return load.mode === "per-vu-iterations" ? load.iterations : 0;
}
