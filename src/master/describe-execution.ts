import { toScenarioTime } from "../cluster/scenario-time.ts";
import type { FleetState, Member } from "../cluster/fleet-state.ts";
import { describeLimit } from "../cluster/describe-limit.ts";
import { decideOutcomes, judgeExecution } from "../cluster/verdict.ts";
import { coveredAt, type OwnerState, testTimeAt } from "../cluster/owner-state.ts";
import { evaluateThreshold } from "../measure/evaluate-threshold.ts";
import { totalOf } from "../measure/snapshot.ts";
import type { Plan, PlannedScenario } from "../protocol/plan.ts";
import type { EventType, OutputState, Report, ThresholdResult } from "../protocol/report.ts";
import type { Execution, ExecutionPhase, ExecutionStatus, SlaveState } from "../protocol/rest.ts";
import type { Scenario, Workflow } from "../protocol/workflow.ts";
import { buildReport } from "../report/build-report.ts";
import { describeErrors } from "../report/describe-errors.ts";
import type { ExecutionFacts } from "../report/execution-facts.ts";
import { roundTo3 } from "../report/numbers.ts";

/** What the API shows of an execution and the fleet does not know. */
export interface ExecutionCard {
  readonly id: string;
  readonly workflow: Workflow;
  /** Epoch ms. */
  readonly createdAt: number;
  /** VUs asked for. */
  readonly vus: number;
}

/** An execution that waits for its turn. */
export function describePending(card: ExecutionCard): Execution {
  return {
    ...describeCard(card),
    status: "pending",
    phase: "queued",
    passed: null,
    degraded: false,
    reason: null,
    progress: 0,
    target_vus: card.vus,
    active_vus: 0,
    start_time: null,
    end_time: null,
    duration_ms: 0,
    paused_ms: 0,
    paused_scenarios: [],
    slave_states: {},
    thresholds: card.workflow.thresholds.map(({ metric, condition }) => ({
      metric,
      condition,
      passed: null,
      value: null,
    })),
    errors: [],
    events: [],
    outputs: [],
  };
}

/** A steered execution at this moment. `acknowledged`: by slave, the VUs of the share that it has confirmed. */
export function describeLive(
  card: ExecutionCard,
  fleet: FleetState,
  acknowledged: ReadonlyMap<string, number>,
  outputs: readonly OutputState[],
  now: number,
): Execution {
  const { core } = fleet;
  const { snapshot, started } = core;
  const status = statusOf(fleet);
  return {
    ...describeCard(card),
    status,
    phase: phaseOf(fleet),
    passed: null,
    degraded: fleet.degraded,
    reason: core.cause?.reason ?? null,
    progress: computeProgress(core, now),
    target_vus: started === null || core.endedAt !== null ? orderedVus(fleet) : targetOf(fleet),
    active_vus: snapshot.vus.active,
    start_time: started === null ? null : new Date(started.wall).toISOString(),
    end_time: null,
    duration_ms: started === null ? 0 : (roundTo3(Math.max(0, (core.endedAt ?? now) - started.now)) ?? 0),
    paused_ms: roundTo3(pausedFor(core, now)) ?? 0,
    paused_scenarios: listPaused(core),
    slave_states: describeSlaveStates(fleet, acknowledged),
    thresholds: viewThresholds(core, now),
    errors: describeErrors(snapshot.errors),
    events: core.events,
    outputs,
  };
}

/** The same once it has ended. */
export function describeEnded(live: Execution, report: Report): Execution {
  return {
    ...live,
    status: report.status,
    phase: "done",
    passed: report.passed,
    degraded: report.degraded,
    reason: report.reason,
    progress: report.status === "completed" ? 1 : live.progress,
    active_vus: 0,
    start_time: report.start_time,
    end_time: report.end_time,
    duration_ms: report.duration_ms,
    paused_ms: report.paused_ms,
    paused_scenarios: [],
    thresholds: report.thresholds,
    errors: report.errors,
    events: report.events,
    outputs: report.outputs.map((output) => ({ ...output, waiting: 0, failing: false })),
  };
}

/** The report of a fleet that is final. */
export function reportFleet(card: ExecutionCard, fleet: FleetState, engineVersion: string, wall: number): Report {
  const { core } = fleet;
  const { started, snapshot } = core;
  const endedAt = core.endedAt ?? started?.now ?? 0;
  const thresholds = decideOutcomes(core, testTimeAt(core, endedAt));
  const facts: ExecutionFacts = {
    engineVersion,
    executionId: card.id,
    workflow: card.workflow,
    ...judgeExecution(core, thresholds),
    degraded: fleet.degraded,
    startedAt: started === null ? null : started.wall,
    endedAt: started === null ? wall : started.wall + Math.max(0, endedAt - started.now),
    pausedMs: core.pausedMs,
    thresholds,
    findLimit: describeLimit(core),
    events: core.events,
    startSkewMs: fleet.startSkewMs,
    lost: fleet.lost,
    late: fleet.late,
  };
  return buildReport(snapshot, facts);
}

/** How its thresholds stand at a moment of the owner's clock. */
export function viewThresholds(core: OwnerState, now: number): ThresholdResult[] {
  const testTimeMs = coveredAt(core, now);
  return core.thresholds.map(({ threshold, parsed }) => {
    const { metric, condition, windowMs, noData } = threshold;
    const moment = { windowMs, noData, testTimeMs, final: false };
    const { passed, value } = evaluateThreshold(parsed, core.snapshot, moment);
    return { metric, condition, passed, value: roundTo3(value) };
  });
}

/** Its status while it is steered. */
export function statusOf({ core }: FleetState): ExecutionStatus {
  if (core.phase === "preparing") return "pending";
  return core.phase === "running" && core.pausedAt !== null ? "paused" : "running";
}

function phaseOf({ core }: FleetState): ExecutionPhase {
  // Done it is once its report is stored.
  return core.phase === "closing" || core.phase === "done" ? "stopping" : core.phase;
}

/** As it was written: a search steers a load of another mode. */
function nameMode({ load, limitSearch }: Scenario): string {
  return (limitSearch ?? null) === null ? load.mode : "find-limit";
}

function describeCard({ id, workflow, createdAt }: ExecutionCard) {
  const modes = new Set(workflow.scenarios.map(nameMode));
  const [mode = "scenarios"] = modes;
  return {
    id,
    workflow_id: workflow.id,
    workflow_name: workflow.name,
    mode: modes.size === 1 ? mode : "scenarios",
    created_at: new Date(createdAt).toISOString(),
    tags: workflow.tags,
  };
}

/** The VUs that a plan begins with, or comes to by itself: those that only a scale may ask for are not in it. */
export function countWritten({ scenarios }: Plan): number {
  return scenarios.reduce((sum, planned) => sum + writtenVus(planned), 0);
}

function writtenVus({ scenario: { load }, largestVus }: PlannedScenario): number {
  return load.mode === "externally-controlled" ? load.vus : largestVus;
}

/** What the plan asked for, or the latest scale: no profile says any more, or yet. */
function orderedVus({ core, partition }: FleetState): number {
  return core.plan.scenarios.reduce((sum, planned, at) => {
    const part = partition.scenarios[at];
    const scaled = part?.arrivals === null ? part.scales.at(-1)?.target : undefined;
    return sum + (scaled ?? writtenVus(planned));
  }, 0);
}

/** What the profiles ask for now; before the first frames what was ordered. */
function targetOf(fleet: FleetState): number {
  const { sources, vus } = fleet.core.snapshot;
  return sources.size === 0 ? orderedVus(fleet) : vus.planned;
}

function pausedFor({ pausedMs, pausedAt }: OwnerState, now: number): number {
  return pausedMs + (pausedAt === null ? 0 : Math.max(0, now - pausedAt));
}

function listPaused({ plan, pausedScenarios }: OwnerState): string[] {
  return plan.scenarios
    .map(({ scenario }) => scenario.name)
    .filter((name) => (pausedScenarios.get(name)?.standsAtMs ?? null) !== null);
}

/** The share of the slowest scenario; null where one has no end. */
function computeProgress(core: OwnerState, now: number): number | null {
  if (core.started === null) return 0;
  const testTimeMs = testTimeAt(core, now);
  let least = 1;
  for (const planned of core.plan.scenarios) {
    const progress = progressOf(core, planned, toScenarioTime(core, planned.scenario.name, testTimeMs));
    if (progress === null) return null;
    least = Math.min(least, progress);
  }
  return Math.round(least * 10_000) / 10_000;
}

function progressOf({ snapshot }: OwnerState, planned: PlannedScenario, testTimeMs: number): number | null {
  const { load, startTimeMs, name } = planned.scenario;
  const asked =
    load.mode === "shared-iterations"
      ? load.iterations
      : load.mode === "per-vu-iterations"
        ? load.iterations * load.vus
        : null;
  if (asked !== null) {
    const done = totalOf(snapshot, "iterations", { scenario: name });
    return Math.min(1, (done?.type === "counter" ? done.sum : 0) / Math.max(1, asked));
  }
  const { durationMs } = planned;
  if (durationMs === null) return null;
  return durationMs === 0 ? 1 : Math.min(1, Math.max(0, testTimeMs - startTimeMs) / durationMs);
}

function describeSlaveStates(
  fleet: FleetState,
  acknowledged: ReadonlyMap<string, number>,
): Readonly<Record<string, SlaveState>> {
  const ids = new Set([...fleet.sources.keys()].map((name) => name.slice(0, name.lastIndexOf("#"))));
  const states = [...ids].toSorted().map((id): [string, SlaveState] => {
    const member = fleet.members.get(id);
    const iterations = fleet.core.snapshot.sources.get(id)?.iterations ?? 0;
    const vus = member === undefined ? 0 : (acknowledged.get(id) ?? 0);
    return [id, { slave_id: id, status: describeMember(fleet, id, member), vus, iterations }];
  });
  // Also of one whose name every object has.
  return Object.fromEntries(states);
}

const comings: ReadonlySet<EventType> = new Set(["slave_joined", "slave_lost"]);

function describeMember(fleet: FleetState, id: string, member: Member | undefined): SlaveState["status"] {
  if (member === undefined) {
    // One that gave all up and left is missed by nobody.
    const last = fleet.core.events.findLast(({ type, slave_id }) => slave_id === id && comings.has(type));
    return last?.type === "slave_lost" ? "lost" : "ended";
  }
  const state = fleet.core.slaves.find((slave) => slave.id === id)?.state;
  if (state === undefined || state === "ended" || state === "closed") return "ended";
  return state === "running" && member.draining ? "draining" : state;
}
