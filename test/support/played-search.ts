import { createLiveThresholds } from "../../src/cluster/live-thresholds.ts";
import { describeLimit } from "../../src/cluster/describe-limit.ts";
import { advanceOwner, type OwnerEvent } from "../../src/cluster/owner.ts";
import { createOwnerState, type OwnerEffect, testTimeAt } from "../../src/cluster/owner-state.ts";
import { scenarioTimeAt } from "../../src/cluster/scenario-time.ts";
import { decideOutcomes, judgeExecution } from "../../src/cluster/verdict.ts";
import { loadWorkflowObject } from "../../src/definition/load-workflow.ts";
import { createSnapshot } from "../../src/measure/snapshot.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { SeriesDelta } from "../../src/protocol/frame.ts";
import type { Workflow } from "../../src/protocol/workflow.ts";

interface Play {
  /** `find_limit`. */
  readonly search: object;
  /** The target serves so many iterations a second, or so many VUs at once; the rest waits and then fails. */
  readonly knee: number;
  /** Share of the planned starts that find no VU, at a rate. */
  readonly droppedAt?: (rate: number) => number;
  /** What is beyond the knee once breaks the target for good. */
  readonly lasting?: boolean;
  readonly options?: object;
}

/** The workflow of a search for which http_req_failed must stay below a tenth. */
export function loadSearch(search: object, options: object = {}): Workflow {
  const loaded = loadWorkflowObject(
    {
      options: {
        mode: "find-limit",
        find_limit: search,
        thresholds: [{ metric: "http_req_failed", condition: "rate < 0.1" }],
        ...options,
      },
      steps: [{ id: "get", type: "http", config: { url: "http://127.0.0.1/" } }],
    },
    { env: {} },
  );
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.workflow;
}

/** What a second of a target measures that served all, or nothing in time. */
export function measureSecond(served: number, slow: boolean, dropped: number): readonly SeriesDelta[] {
  const tags = { scenario: "default" };
  const failed = (metric: string): SeriesDelta => ({
    key: { metric, type: "rate", tags },
    type: "rate",
    passes: slow ? served : 0,
    total: served,
  });
  return [
    failed("http_req_failed"),
    failed("iteration_failed"),
    { key: { metric: "iterations", type: "counter", tags }, type: "counter", sum: served },
    { key: { metric: "dropped_iterations", type: "counter", tags }, type: "counter", sum: dropped },
  ];
}

/** An owner that searches, its clock turned by quarters of a second, with one slave before a target that has a knee. */
export function playSearch({ search, knee, droppedAt = () => 0, lasting = false, options = {} }: Play) {
  const workflow = loadSearch(search, options);
  const plan = makePlan(workflow);
  const snapshot = createSnapshot(workflow);
  const state = createOwnerState({
    executionId: "x",
    plan,
    inputs: { env: {}, secrets: {} },
    slaves: cutPlan(plan, [1]).map((share) => ({ id: "s", share })),
    snapshot,
    thresholds: createLiveThresholds(workflow),
  });
  const isRate = plan.scenarios[0]?.scenario.limitSearch?.of === "rate";
  let now = 0;
  let load = plan.scenarios[0]?.scenario.limitSearch?.from ?? 0;
  let backlog = 0;
  let broken = false;
  let frames = 0;
  let told = 0;
  let done = false;
  const answers: string[] = [];

  const perform = (effect: OwnerEffect): void => {
    if (effect.type === "answered" && effect.error !== null) answers.push(effect.error.message);
    if (effect.type === "final") done = true;
    if (effect.type !== "order") return;
    const { order } = effect;
    if (order.type === "scale") load = order.target;
    if (order.type === "stop") fact({ type: "done", lastFrame: frames });
    else if (order.type === "close") fact({ type: "closed", lastFrame: frames });
    else if ("command" in order) fact({ type: "applied", command: order.command, testTimeMs: testTimeAt(state, now) });
  };
  const tell = (event: OwnerEvent): void => {
    for (const effect of advanceOwner(state, event, { now, wall: 1_000_000 + now })) perform(effect);
  };
  const fact = (of: Extract<OwnerEvent, { readonly type: "fact" }>["fact"]): void =>
    tell({ type: "fact", slaveId: "s", fact: of });

  /** A second of the scenario's own time has gone by. */
  const tellSecond = (): void => {
    const dropped = Math.round(load * droppedAt(load));
    const asked = isRate ? backlog + load - dropped : load;
    const served = Math.min(asked, knee);
    backlog = isRate ? asked - served : 0;
    broken ||= lasting && load > knee;
    const testTimeMs = testTimeAt(state, now);
    frames++;
    const frame = {
      number: frames,
      second: Math.floor((testTimeMs - 1) / 1_000),
      testTimeMs,
      warmUp: testTimeMs <= workflow.warmUpMs,
      series: measureSecond(Math.ceil(served), broken || (isRate ? backlog > 0 : load > knee), dropped),
      errors: [],
      vus: [],
      overflow: {},
      generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
    };
    fact({ type: "frame", frame });
  };

  tell({ type: "begin" });
  fact({ type: "prepared" });
  fact({ type: "started", atWallMs: null });
  return {
    state,
    answers,
    tell,
    load: () => load,
    /** Goes on for so long; default: to the end, a day at most. */
    run(ms = 86_400_000) {
      for (const end = now + ms; now < end && !done; ) {
        now += 250;
        const second = Math.floor(scenarioTimeAt(state, "default", now) / 1_000);
        if (second > told && state.phase === "running") tellSecond();
        told = second;
        tell({ type: "tick" });
      }
    },
    report() {
      const thresholds = decideOutcomes(state, testTimeAt(state, now));
      return {
        find_limit: describeLimit(state),
        thresholds,
        events: state.events,
        ...judgeExecution(state, thresholds),
      };
    },
  };
}
