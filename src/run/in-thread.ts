import { type Feeds, openFeeds } from "../data/feeds.ts";
import { EngineError } from "../errors.ts";
import type { CompiledWorkflow, FlowContext } from "../flow/compiled.ts";
import type { ThreadRecorder } from "../measure/thread-recorder.ts";
import type { Plan, ScenarioShare, Share } from "../protocol/plan.ts";
import type { Claims } from "./claims.ts";
import { createFrameCutter } from "./frame-cutter.ts";
import { createGate, openGate } from "./gate.ts";
import type { GeneratorWatch } from "./generator-watch.ts";
import { createIterationMeter } from "./iteration-meter.ts";
import { readDeadline } from "./lease-memory.ts";
import { createRendezvous } from "./rendezvous.ts";
import { createPausedClock, createScenarioClock } from "./scenario-clock.ts";
import { createScenarioRun, type ScenarioRun } from "./scenario-run.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import { runSharedSteps } from "./shared-steps.ts";
import { createTestClock } from "./test-clock.ts";
import { createTurn } from "../flow/turn.ts";
import { createThreadRows } from "./unique-rows.ts";

export interface InThreadOptions {
  readonly plan: Plan;
  readonly share: Share;
  /** What flow compiles with: the thread's ports. */
  readonly context: Omit<FlowContext, "feeds" | "meetings"> & { readonly recorder: ThreadRecorder };
  /** null: no lease, and nobody feeds the share. */
  readonly leaseMemory: SharedArrayBuffer | null;
  readonly claims: Claims;
  /** The same on all threads of all nodes. */
  readonly seed: number;
  readonly watch: GeneratorWatch;
  compile(context: FlowContext): Promise<CompiledWorkflow>;
}

/** Over a link: those who come to a rendezvous one soon after the other are told of together, ms. */
const arrivalsEveryMs = 5;
const absent = { stage: "waiting", running: 0 } as const;

/** A share's part that runs in the calling thread. */
export function createInThread(options: InThreadOptions, events: SharePartEvents): SharePart {
  const { plan, share, context, leaseMemory, claims, watch } = options;
  const { clock, recorder, workflow } = context;
  const testClock = createTestClock(clock);
  const scenarioClocks = plan.scenarios.map(() => createPausedClock(testClock));
  const findAt = (name: string) => plan.scenarios.findIndex(({ scenario }) => scenario.name === name);
  const turn = createTurn(clock);
  const stopShared = new AbortController();
  const drained = Promise.withResolvers<void>();
  let compiled: CompiledWorkflow | null = null;
  let feeds: Feeds | null = null;
  let runs: ScenarioRun[] = [];
  let unended = 0;
  let stage: "new" | "started" | "done" | "closed" = "new";
  let closing: Promise<void> | null = null;
  let idle = false;
  /** Grants and scales that were taken. */
  let changes = 0;
  /** What comes for the scenarios before they are compiled. */
  let early: (() => void)[] | null = [];
  const whenCompiled = (task: () => void) => {
    if (early === null) task();
    else early.push(task);
  };

  const used = workflow.feeders.map(({ name, mode }) =>
    mode === "unique" ? recorder.counter("data_rows", { ...workflow.tags, feeder: name }) : null,
  );
  const rows = createThreadRows(workflow.feeders.length, claims, plan.scenarios.length, {
    onWant: (feeder) => events.onWant(plan.scenarios.length + feeder),
    onSpare: (feeder, row) => events.onSpareRow(plan.scenarios.length + feeder, row),
    onUsed: (feeder) => used[feeder]?.add(1),
  });

  const gate =
    leaseMemory === null
      ? openGate
      : createGate(clock, context.permit, () => readDeadline(leaseMemory), {
          onShut() {
            for (const run of runs) run.suspend();
          },
          onOpened() {
            for (const run of runs) run.goOn();
          },
        });

  const rendezvous = createRendezvous({
    clock,
    timeOf: (name) => scenarioClocks[findAt(name)] ?? testClock,
    leastMs: leaseMemory === null ? 0 : arrivalsEveryMs,
    look: (name) => runs[findAt(name)] ?? absent,
    tell: events.onArrivals,
  });

  const noteIdle = () => {
    const now = stage === "started" && runs.every((run) => run.idle);
    if (now === idle) return;
    idle = now;
    events.onIdle(idle, changes);
  };
  const noteChange = () => {
    changes++;
    events.onIdle(idle, changes);
  };

  const cutter = createFrameCutter({
    clock,
    testClock,
    warmUpMs: workflow.warmUpMs,
    cutMeasurements: () => recorder.cut(),
    countVus: () => runs.map((run) => run.countVus()),
    takeHalted: () => runs.flatMap((run) => run.takeHalted()),
    sampleGenerator: () => watch.sample(),
    onFrame: (part) => events.onFrame(part),
  });

  const fail = (error: unknown) => {
    if (stage === "closed") return;
    events.onFault(error);
    close().catch(events.onFault);
  };

  const endScenario = () => {
    if (--unended > 0) {
      noteIdle();
      return;
    }
    drained.resolve();
    rendezvous.close();
    if (stage !== "started") return;
    stage = "done";
    cutter.stop();
    cutter.cut();
    events.onDone();
  };

  const close = (): Promise<void> => {
    closing ??= (async () => {
      const wasRunning = stage === "started";
      stage = "closed";
      stopShared.abort();
      cutter.stop();
      for (const run of runs) run.stop(0);
      rendezvous.close();
      if (!wasRunning) drained.resolve();
      await Promise.all([compiled?.close(), drained.promise]);
      feeds?.close();
      if (wasRunning) cutter.cut();
      gate.close();
      for (const own of scenarioClocks) own.close();
      testClock.close();
      watch.close();
    })();
    return closing;
  };

  const requireCompiled = (): CompiledWorkflow => {
    if (compiled === null) throw new EngineError("internal_error", "a share was used before it was prepared");
    return compiled;
  };

  return {
    async prepare(indexes) {
      const { feeders } = workflow;
      feeds = openFeeds({
        feeders,
        files: context.files,
        indexes,
        seed: options.seed,
        unique: rows,
        onOver: events.onRowsOver,
      });
      compiled = await options.compile({ ...context, feeds, meetings: rendezvous });
      runs = compiled.scenarios.map((scenario, position) => {
        const planned = plan.scenarios[position];
        if (planned === undefined) throw new EngineError("internal_error", `the plan has no scenario ${position + 1}`);
        const { name, startTimeMs, tags } = planned.scenario;
        return createScenarioRun(
          {
            plan,
            planned,
            position,
            share: pick(share, position),
            scenario,
            clock,
            time: createScenarioClock(scenarioClocks[position] ?? testClock, startTimeMs),
            turn,
            gate,
            fed: leaseMemory !== null,
            meter: createIterationMeter(recorder, { ...workflow.tags, ...tags, scenario: name }),
            claims,
          },
          {
            onEnded: endScenario,
            onFault: fail,
            onIdle: noteIdle,
            onWant: () => events.onWant(position),
            onClaim: (through) => events.onClaim(position, through),
          },
        );
      });
      unended = runs.length;
      const tasks = early ?? [];
      early = null;
      for (const task of tasks) task();
    },
    async setup() {
      if (workflow.setup.length === 0) return {};
      const flow = requireCompiled();
      const limit = { name: "setup", code: "setup_timeout", timeoutMs: workflow.setupTimeoutMs } as const;
      try {
        return await runSharedSteps(flow, clock, stopShared.signal, limit, (vu) => flow.setup(vu));
      } finally {
        cutter.cut();
      }
    },
    start(at, shared, pauses = []) {
      requireCompiled().share(shared);
      stage = "started";
      plan.scenarios.forEach(({ scenario: { name } }, position) =>
        scenarioClocks[position]?.start(pauses.find(({ scenario }) => scenario === name) ?? null),
      );
      for (const run of runs) run.start();
      testClock.at(0, () => events.onStarted(clock.now()));
      testClock.start(at);
      rendezvous.start();
      gate.watch();
      cutter.start(at);
    },
    pause: (atTestTimeMs) => testClock.pause(atTestTimeMs),
    resume: (at, testTimeMs) => {
      testClock.resume(at, testTimeMs).catch(events.onFault);
    },
    pauseScenario: async (scenario, atMs) => (await scenarioClocks[scenario]?.pause(atMs)) ?? atMs,
    resumeScenario: (scenario, atMs, pausedMs) => {
      scenarioClocks[scenario]?.resume(atMs, pausedMs).catch(events.onFault);
    },
    async release(kept) {
      await new Promise<void>((resolve) => whenCompiled(resolve));
      return Promise.all(runs.map((run, at) => run.release(pick(kept, at))));
    },
    grant(whole) {
      whenCompiled(() => {
        runs.forEach((run, at) => run.grant(pick(whole, at)));
        noteChange();
      });
    },
    allot: (line, ranges, last) =>
      whenCompiled(() => {
        if (line < plan.scenarios.length) runs[line]?.allot(ranges, last);
        else {
          rows.allot(line - plan.scenarios.length, ranges, last);
          for (const run of runs) run.lookAgain();
        }
      }),
    claimed: (scenario, through) => runs[scenario]?.confirm(through),
    proceed: (scenario, points) => rendezvous.proceed(scenario, points),
    watchLease: () => {
      if (stage === "started") gate.watch();
    },
    scale(scenario, testTimeMs, target, overMs) {
      runs[scenario]?.scale(testTimeMs, target, overMs);
      noteChange();
    },
    stop(graceMs) {
      for (const run of runs) run.stop(graceMs);
    },
    async teardown(shared) {
      if (workflow.teardown.length === 0) return;
      const flow = requireCompiled();
      flow.share(shared);
      const limit = { name: "teardown", code: "teardown_timeout", timeoutMs: workflow.teardownTimeoutMs } as const;
      try {
        await runSharedSteps(flow, clock, stopShared.signal, limit, (vu) => flow.teardown(vu));
      } finally {
        cutter.cut();
      }
    },
    close,
  };
}

function pick(share: Share, position: number): ScenarioShare {
  const part = share.scenarios[position];
  if (part === undefined) {
    throw new EngineError("internal_error", `the share has no part for scenario ${position + 1}`);
  }
  return part;
}
