import type { CompiledScenario, CompiledWorkflow, FlowContext, IterationOutcome } from "../../src/flow/compiled.ts";
import { createRecorder } from "../../src/measure/thread-recorder.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Share } from "../../src/protocol/plan.ts";
import type { VirtualUser } from "../../src/protocol/step.ts";
import type { Scenario, Workflow } from "../../src/protocol/workflow.ts";
import { createClaimMemory, createClaims } from "../../src/run/claims.ts";
import { createInThread } from "../../src/run/in-thread.ts";
import { createLeaseMemory, writeLease } from "../../src/run/lease-memory.ts";
import type { FramePart, SharePart } from "../../src/run/share-part.ts";
import { createTurnedClock, type TurnedClock } from "./turned-clock.ts";
import { completeScenario, completeStep, completeWorkflow } from "./workflow-fixtures.ts";

/** An iteration that a staged run saw; `at` is milliseconds of the clock since the start instant. */
export interface SeenIteration {
  readonly scenario: string;
  readonly vuId: number;
  readonly vuIteration: number;
  readonly iteration: number;
  readonly lagUs: number;
  readonly at: number;
  endedAt: number;
  outcome: IterationOutcome | null;
}

export interface StagedRun {
  readonly clock: TurnedClock;
  readonly part: SharePart;
  readonly iterations: SeenIteration[];
  readonly frames: FramePart[];
  readonly faults: unknown[];
  readonly closedVus: number[];
  readonly setupVus: number[];
  readonly tornDownVus: number[];
  done: boolean;
  /** Sum of a counter over all frames so far. */
  sumCounter(metric: string): number;
}

export interface Staging {
  /** How long an iteration takes. Default 10. */
  readonly iterationMs?: number | ((seen: SeenIteration) => number);
  readonly outcome?: (seen: SeenIteration) => IterationOutcome;
  /** A VU's setup: how long it takes, and whether it succeeds. */
  readonly vuSetup?: { readonly ms: number; readonly passes: (vuId: number) => boolean };
  readonly thinkMs?: number;
  readonly warmUpMs?: number;
  readonly cut?: (share: Share) => Share;
  /** The share is a cluster slave's, which may start nothing while its lease is not held. Default: the whole on one machine. */
  readonly lease?: { held: boolean };
}

const noStep = completeStep({ id: "s", type: "noop" });

export function createScenario(load: Load, fields: Partial<Scenario> = {}): Scenario {
  return completeScenario({ load, ...fields });
}

export function createWorkflow(scenarios: readonly Scenario[], fields: Partial<Workflow> = {}): Workflow {
  return completeWorkflow({ id: "w", name: "w", scenarios, ...fields });
}

/** Prepares and starts a share of one or more scenarios whose iterations are timers of a turned clock. Starts at once. */
export async function stageRun(scenarios: readonly Scenario[], staging: Staging = {}): Promise<StagedRun> {
  const clock = createTurnedClock();
  const staged = staging.vuSetup === undefined ? {} : { vuSetup: [noStep], vuTeardown: [noStep] };
  const workflow = createWorkflow(
    scenarios.map((scenario) => ({ ...scenario, ...staged })),
    { warmUpMs: staging.warmUpMs ?? 0 },
  );
  const plan = makePlan(workflow);
  const whole = cutPlan(plan, [1])[0] as Share;
  const share = staging.cut?.(whole) ?? whole;
  const startAt = clock.now();
  const { lease } = staging;
  const leaseMemory = lease === undefined ? null : createLeaseMemory();
  if (leaseMemory !== null) writeLease(leaseMemory, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const run: Omit<StagedRun, "part"> = {
    clock,
    iterations: [],
    frames: [],
    faults: [],
    closedVus: [],
    setupVus: [],
    tornDownVus: [],
    done: false,
    sumCounter: (metric) =>
      run.frames
        .flatMap((frame) => frame.series)
        .reduce((sum, one) => (one.type === "counter" && one.key.metric === metric ? sum + one.sum : sum), 0),
  };
  const context = {
    workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "slave",
    recorder: createRecorder({ clock, masker: (text) => text }),
    clock,
    random: () => 0.5,
    log: () => undefined,
    permit: { maySend: () => lease?.held ?? true, refuses: () => null },
    connections: {},
    opensFiles: false,
    threads: 1,
    masker: (text: string) => text,
    files: new Map(),
  };
  const part = createInThread(
    {
      plan,
      share,
      context,
      leaseMemory,
      claims: createClaims(createClaimMemory(share), 1),
      seed: 0,
      watch: { sample: () => ({ cpu: 0, eventLoopLagMs: 0, memory: 0 }), close: () => undefined },
      compile: (given) => Promise.resolve(compileStaged(given, run, staging, startAt)),
    },
    {
      onArrivals: () => undefined,
      onFrame: (frame) => run.frames.push(frame),
      onDone: () => {
        run.done = true;
      },
      onFault: (error) => run.faults.push(error),
      onStarted: () => undefined,
      onIdle: () => undefined,
      onWant: () => undefined,
      onClaim: () => undefined,
      onRowsOver: () => undefined,
      onSpareRow: () => undefined,
    },
  );
  await part.prepare([]);
  part.start(startAt, {});
  return Object.assign(run, { part });
}

function compileStaged(
  context: FlowContext,
  run: Omit<StagedRun, "part">,
  staging: Staging,
  startAt: number,
): CompiledWorkflow {
  const { clock } = context;
  const wait = (ms: number, signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      if (signal.aborted) return resolve(false);
      const abort = () => {
        alarm.cancel();
        resolve(false);
      };
      const alarm = clock.at(clock.now() + ms, () => {
        signal.removeEventListener("abort", abort);
        resolve(true);
      });
      signal.addEventListener("abort", abort, { once: true });
    });
  const createVu = (id: number, signal: AbortSignal): VirtualUser => ({
    id,
    vuIteration: 0,
    iteration: 0,
    lagUs: -1,
    thoughtMs: 0,
    signal,
    resources: [],
    vuVariables: new Map(),
    variables: new Map(),
    results: [],
    response: undefined,
  });
  return {
    createSharedVu: (signal) => createVu(0, signal),
    setup: () => Promise.resolve({}),
    share: () => undefined,
    teardown: () => Promise.resolve(),
    close: () => Promise.resolve(),
    scenarios: context.workflow.scenarios.map(
      ({ name }): CompiledScenario => ({
        createVu,
        async vuSetup(vu) {
          run.setupVus.push(vu.id);
          await wait(staging.vuSetup?.ms ?? 0, vu.signal);
          return staging.vuSetup?.passes(vu.id) ?? true;
        },
        async iteration(vu) {
          const { id: vuId, vuIteration, iteration, lagUs } = vu;
          const at = clock.now() - startAt;
          const seen: SeenIteration = {
            scenario: name,
            vuId,
            vuIteration,
            iteration,
            lagUs,
            at,
            endedAt: -1,
            outcome: null,
          };
          run.iterations.push(seen);
          const { iterationMs = 10 } = staging;
          const whole = await wait(typeof iterationMs === "number" ? iterationMs : iterationMs(seen), vu.signal);
          seen.endedAt = clock.now() - startAt;
          seen.outcome = whole ? (staging.outcome?.(seen) ?? "passed") : "interrupted";
          return seen.outcome;
        },
        async vuTeardown(vu) {
          run.tornDownVus.push(vu.id);
        },
        drawThinkTime: staging.thinkMs === undefined ? null : () => staging.thinkMs ?? 0,
        supply: null,
        supplyVu: null,
        closeVu: (vu) => run.closedVus.push(vu.id),
      }),
    ),
  };
}
