import { countEvents, findArrival } from "../plan/move-arrivals.ts";
import { countArrivals } from "../plan/profiles/rate-profile.ts";
import type { Frame, SeriesDelta } from "../protocol/frame.ts";
import { readRate } from "./arrival-cut.ts";
import { type FleetState, hasReportedAll } from "./fleet-state.ts";
import { isPlayedOut, scenarioTimeAt } from "./scenario-time.ts";
import type { GoneSource, Lost, SourceReport } from "./partition.ts";
import { tellsFate } from "./told-iterations.ts";
import { countOrphaned, countRest } from "./vu-rest.ts";

/** A source that is lost between two frames was, on average, half way. */
const HALF_FRAME_MS = 500;

/** Adds a frame that was merged. */
export function noteReported(fleet: FleetState, source: string, frame: Frame): void {
  const { scenarios, workflow } = fleet.core.plan;
  const { feeders } = workflow;
  let report = fleet.reports.get(source);
  if (report === undefined) {
    report = {
      reported: scenarios.map(() => 0),
      missing: scenarios.map(() => 0),
      missingMs: 0,
      rows: feeders.map(() => 0),
      perSecond: scenarios.map(() => 0),
      testTimeMs: 0,
    };
    fleet.reports.set(source, report);
  }
  if (frame.halted !== undefined) report.halted = [...(report.halted ?? []), ...frame.halted];
  const isFirst = report.testTimeMs === 0;
  const lengthMs = frame.testTimeMs - report.testTimeMs;
  report.testTimeMs = Math.max(report.testTimeMs, frame.testTimeMs);
  if (frame.gap !== undefined) {
    const { told } = frame.gap;
    report.missingMs += Math.max(0, lengthMs);
    report.missing = scenarios.map(({ scenario }, at) =>
      Math.max(0, (told[scenario.name] ?? 0) - (report.reported[at] ?? 0)),
    );
    return;
  }
  const finished = scenarios.map(() => 0);
  for (const delta of frame.series) {
    const { key } = delta;
    if (delta.type === "counter" && key.metric === "data_rows") {
      const feeder = feeders.findIndex(({ name }) => name === key.tags["feeder"]);
      if (feeder !== -1) report.rows[feeder] = (report.rows[feeder] ?? 0) + delta.sum;
    }
    if (!tellsFate(delta)) continue;
    const at = scenarios.findIndex(({ scenario }) => scenario.name === key.tags["scenario"]);
    if (at === -1) continue;
    report.reported[at] = (report.reported[at] ?? 0) + delta.sum;
    if (key.metric === "iterations") finished[at] = (finished[at] ?? 0) + delta.sum;
  }
  if (lengthMs <= 0) return;
  finished.forEach((count, at) => {
    const latest = (count * 1_000) / Math.max(lengthMs, 1);
    // One frame alone may be of a moment in which nothing was finished.
    report.perSecond[at] = isFirst ? latest : ((report.perSecond[at] ?? 0) + latest) / 2;
  });
}

/** What was lost so far. Frames that come late make it less. */
export function computeLost(fleet: FleetState, now: number): Lost {
  let iterations = 0;
  let intervalMs = 0;
  let estimated = false;
  for (const gone of fleet.partition.gone) {
    const report = fleet.reports.get(gone.source);
    // A killed one did nothing in the rest of its time; of one that is cut off the frames come late, and take from this.
    const reportedMs = report?.testTimeMs ?? 0;
    const endMs = Math.max(gone.livedMs, reportedMs + HALF_FRAME_MS);
    // Of one whose last frame is in nothing is left to guess.
    const isWhole = hasReportedAll(fleet.sources.get(gone.source));
    let longestMs = 0;
    gone.scenarios.forEach(({ untilMs }, at) => {
      const sinceMs = isWhole ? 0 : Math.max(0, Math.min(untilMs, endMs) - reportedMs);
      longestMs = Math.max(longestMs, sinceMs);
      const count = countLostOf(fleet, gone, at, now);
      if (count !== null) iterations += count;
      else {
        estimated ||= sinceMs > 0;
        iterations += Math.round(((report?.perSecond[at] ?? 0) * sinceMs) / 1_000);
      }
    });
    intervalMs += longestMs;
  }
  for (const { missing, missingMs } of fleet.reports.values()) {
    iterations += missing.reduce((sum, count) => sum + count, 0);
    intervalMs += missingMs;
  }
  fleet.partition.scenarios.forEach(({ arrivals }, at) => {
    iterations += countOrphaned(fleet, at, now);
    if (arrivals !== null) iterations += countEvents(arrivals.dead, countDueEvents(fleet, at, now));
  });
  return { iterations, interval_ms: Math.round(intervalMs), estimated };
}

/**
 * What was planned and nobody began: dropped. By scenario. Where the plan has a number it is the rest: all sources have
 * told what they began, and of those that could not it is known what they were given. What was on its way to a source
 * as its load ended needs no account of its own.
 */
export function countUndone(fleet: FleetState, now: number): number[] {
  return fleet.partition.scenarios.map((part, at) => {
    const { shared, progress, arrivals } = part;
    const planned = fleet.core.plan.scenarios[at];
    if (planned === undefined) return 0;
    const { load } = planned.scenario;
    if (shared !== null && load.mode === "shared-iterations") return countUntold(fleet, at, now, load.iterations);
    if (progress !== null) return countRest(fleet, at, now) - countOrphaned(fleet, at, now);
    if (arrivals === null) return 0;
    // A stop ends the plan at each slave's own moment.
    if (isPlayedOut(fleet.core)) return countUntold(fleet, at, now, countDueEvents(fleet, at, now));
    return arrivals.unheld + (arrivals.open === null ? 0 : Math.max(0, countDueEvents(fleet, at, now) - arrivals.open));
  });
}

/** Of so many planned iterations those that no source has reported and none has lost. */
function countUntold(fleet: FleetState, at: number, now: number, planned: number): number {
  let told = 0;
  for (const report of fleet.reports.values()) told += countAccounted(report, at);
  for (const gone of fleet.partition.gone) told += countLostOf(fleet, gone, at, now) ?? 0;
  const dead = fleet.partition.scenarios[at]?.arrivals?.dead ?? [];
  told += countEvents(dead, planned);
  return Math.max(0, planned - told);
}

/** Counts as the series that the slaves would have sent. */
export function createDropped(fleet: FleetState, now: number): SeriesDelta[] {
  const { workflow, scenarios } = fleet.core.plan;
  return countUndone(fleet, now).flatMap((sum, at): SeriesDelta[] => {
    const scenario = scenarios[at]?.scenario;
    if (sum === 0 || scenario === undefined) return [];
    const tags = { ...workflow.tags, ...scenario.tags, scenario: scenario.name };
    return [{ key: { metric: "dropped_iterations", type: "counter", tags }, type: "counter", sum }];
  });
}

/** What a lost source was given and did not report; null: its mode does not say. */
function countLostOf(fleet: FleetState, gone: GoneSource, at: number, now: number): number | null {
  const count = countAssigned(fleet, gone, at, now);
  const report = fleet.reports.get(gone.source);
  return count === null ? null : Math.max(0, count - (report === undefined ? 0 : countAccounted(report, at)));
}

/** What a source told of a scenario: what its frames said, and what those had said that are missing. */
function countAccounted({ reported, missing }: SourceReport, at: number): number {
  return (reported[at] ?? 0) + (missing[at] ?? 0);
}

/** What was lost until the end as a series, so that a threshold can ask for it. */
export function createLost(fleet: FleetState): SeriesDelta[] {
  const { iterations } = fleet.lost;
  if (iterations === 0) return [];
  const key = { metric: "lost_iterations", type: "counter", tags: {} } as const;
  return [{ key, type: "counter", sum: iterations }];
}

/** Iterations that were a lost source's to do; null: its mode does not say. */
function countAssigned(fleet: FleetState, gone: GoneSource, at: number, now: number): number | null {
  const planned = fleet.core.plan.scenarios[at];
  const part = fleet.partition.scenarios[at];
  const held = gone.scenarios[at];
  if (planned === undefined || part === undefined || held === undefined) return 0;
  if (part.shared !== null || part.progress !== null) return held.assigned;
  if (part.arrivals === null) return held.vus === 0 ? 0 : null;
  return (
    held.assigned +
    countEvents(held.windows, Math.min(held.below ?? Number.POSITIVE_INFINITY, countDueEvents(fleet, at, now)))
  );
}

/** Events of a scenario that are due by now, or at the end of the load; all of them where the load ended by itself. */
function countDueEvents(fleet: FleetState, at: number, now: number): number {
  const { core, partition } = fleet;
  const planned = core.plan.scenarios[at];
  const part = partition.scenarios[at];
  if (planned === undefined || part?.arrivals === null || part === undefined) return 0;
  const rate = readRate({ planned, part });
  if (isPlayedOut(core)) return countArrivals(rate);
  return findArrival(rate, scenarioTimeAt(core, planned.scenario.name, now) - planned.scenario.startTimeMs);
}
