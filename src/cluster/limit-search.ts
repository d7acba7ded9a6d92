import { lookupMetric } from "../measure/catalog.ts";
import { evaluateThreshold } from "../measure/evaluate-threshold.ts";
import { totalOf } from "../measure/snapshot.ts";
import { parseMetricKey } from "../measure/threshold.ts";
import type { LimitSearch } from "../protocol/limit-search.ts";
import type { LimitLevel, ThresholdResult } from "../protocol/report.ts";
import { chooseLevel, describeLasting, showTarget } from "./limit-levels.ts";
import { findSearched, type SearchCounts, type SearchState } from "./limit-state.ts";
import { shortGrace, stopLoad } from "./owner-end.ts";
import { type Instant, isStanding, type OwnerEffect, type OwnerState, testTimeAt } from "./owner-state.ts";
import { scenarioTimeAt } from "./scenario-time.ts";
import { steer } from "./steering.ts";

/** By then the frames of a second are in, on the scenario's own clock. */
const FRAMES_IN_MS = 1_500;
/** A level with a larger share of starts that found no VU is not the load that it says. */
const MOST_DROPPED = 0.005;

/** Where a search stands at a moment of a running execution. */
interface Look {
  readonly state: OwnerState;
  readonly search: SearchState;
  readonly spec: LimitSearch;
  readonly scenario: string;
  readonly ownMs: number;
  readonly testMs: number;
  readonly time: Instant;
}

/**
 * A look at a search while the load runs: sets the next level once one is judged, and ends the load when the limit is
 * known. While the test clock or the scenario's stands nothing moves.
 */
export function advanceSearch(state: OwnerState, search: SearchState, time: Instant): readonly OwnerEffect[] {
  const planned = findSearched(state.plan);
  const spec = planned?.scenario.limitSearch ?? null;
  if (planned === undefined || spec === null || search.over !== null) return [];
  const { name, startTimeMs } = planned.scenario;
  const stands = (state.pausedScenarios.get(name)?.standsAtMs ?? null) !== null;
  if (state.started === null || stands || isStanding(state, time.now)) return [];
  const [ownMs, testMs] = [scenarioTimeAt(state, name, time.now), testTimeAt(state, time.now)];
  if (ownMs < startTimeMs || testMs < state.plan.workflow.warmUpMs) return [];
  const look: Look = { state, search, spec, scenario: name, ownMs, testMs, time };
  if (ownMs >= startTimeMs + (planned.durationMs ?? Number.POSITIVE_INFINITY))
    return finish(look, "the time for the search was over before the limit was known; give a longer `max_duration`");
  if (search.since === null) {
    search.since = { ownMs, testMs };
    search.changes++;
  }
  const passedMs = ownMs - search.since.ownMs;
  return search.stage === "rest" ? rest(look, passedMs) : hold(look, search.since.testMs, passedMs);
}

function hold(look: Look, sinceMs: number, passedMs: number): readonly OwnerEffect[] {
  const { search, spec } = look;
  if (search.counted === null) {
    if (passedMs < spec.settleMs + FRAMES_IN_MS) return [];
    search.counted = count(look);
    search.changes++;
  }
  if (passedMs < spec.settleMs + spec.holdMs + FRAMES_IN_MS) return [];
  const level = judge(look, sinceMs, search.counted);
  search.levels.push(level);
  const next = chooseLevel(spec, search.levels);
  if ("over" in next) return finish(look, next.over);
  const outcome = `${showTarget(spec, level.target)} ${level.held ? "held" : `broke: ${level.why ?? ""}`}`;
  return level.held ? go(look, "level", next.target, outcome) : go(look, "rest", spec.from, outcome);
}

/** What a level left undone would break the next one: it waits until the thresholds hold again, else the search ends. */
function rest(look: Look, passedMs: number): readonly OwnerEffect[] {
  const { search, spec, testMs } = look;
  const windowMs = spec.settleMs + FRAMES_IN_MS;
  if (passedMs < windowMs) return [];
  const recovered = evaluate(look, testMs - windowMs).every(({ passed }) => passed === true);
  if (!recovered && passedMs < spec.settleMs + spec.restMs) return [];
  const next = chooseLevel(spec, search.levels);
  if ("over" in next) return finish(look, next.over);
  return recovered
    ? go(look, "level", next.target, "it has recovered")
    : finish(look, describeLasting(spec, search.levels));
}

/** The order acts a little ahead; settling is longer. */
function go(look: Look, stage: SearchState["stage"], target: number, why: string): readonly OwnerEffect[] {
  const { state, search, scenario, ownMs, testMs, time } = look;
  search.stage = stage;
  search.target = target;
  search.since = { ownMs: ownMs + state.commandLeadMs, testMs: testMs + state.commandLeadMs };
  search.counted = null;
  search.changes++;
  const command = `find-limit-${state.lastSerial + 1}`;
  return steer(state, { type: "scale", command, scenario, target, overMs: 0, why }, time);
}

function finish({ state, search, time }: Look, over: string): readonly OwnerEffect[] {
  search.over = over;
  search.changes++;
  return stopLoad(state, null, { command: null, graceMs: shortGrace(state.plan), message: over }, time);
}

function judge(look: Look, sinceMs: number, before: SearchCounts): LimitLevel {
  const { search, spec, testMs } = look;
  const thresholds = evaluate(look, sinceMs + spec.settleMs);
  const after = count(look);
  const seconds = Math.max(0, after.untilMs - before.untilMs) / 1_000;
  const dropped = after.dropped - before.dropped;
  const planned = Math.max(spec.of === "rate" ? search.target * seconds : 0, dropped);
  const reasons = thresholds.filter(({ passed }) => passed !== true).map(describeBreak);
  if (dropped > MOST_DROPPED * planned)
    reasons.push(`${dropped} of ${Math.round(planned)} starts found no free VU; give a higher \`max_vus\``);
  return {
    target: search.target,
    from_ms: Math.round(sinceMs),
    to_ms: Math.round(testMs),
    held: reasons.length === 0,
    achieved_per_s: seconds === 0 ? 0 : Math.round(((after.iterations - before.iterations) / seconds) * 1_000) / 1_000,
    dropped,
    thresholds,
    why: reasons.length === 0 ? null : reasons.join("; "),
  };
}

/** `http_req_duration: p(95) < 300ms was 448.512 ms`. */
function describeBreak({ metric, condition, value }: ThresholdResult): string {
  const key = parseMetricKey(metric);
  const isTime = lookupMetric(key?.name ?? metric, {})?.contains === "time" && !condition.trim().startsWith("count");
  const shown = value === null ? "without data" : `${Math.round(value * 1_000) / 1_000}${isTime ? " ms" : ""}`;
  return `${metric}: ${condition} was ${shown}`;
}

/** The workflow's thresholds over what was measured since a test time. */
function evaluate({ state, testMs }: Look, fromMs: number): ThresholdResult[] {
  return state.thresholds.map(({ threshold, parsed }) => {
    const moment = { windowMs: testMs - fromMs, noData: threshold.noData, testTimeMs: testMs, final: true };
    const { passed, value } = evaluateThreshold(parsed, state.snapshot, moment);
    const { metric, condition } = threshold;
    return { metric, condition, passed, value: value === null ? null : Math.round(value * 1e6) / 1e6 };
  });
}

function count({ state: { snapshot }, scenario }: Look): SearchCounts {
  const sumOf = (metric: string): number => {
    const total = totalOf(snapshot, metric, { scenario });
    return total?.type === "counter" ? total.sum : 0;
  };
  return { iterations: sumOf("iterations"), dropped: sumOf("dropped_iterations"), untilMs: snapshot.testTimeMs };
}
