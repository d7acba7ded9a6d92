import type { CompiledWorkflow } from "../src/flow/compiled.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import { cutPlan } from "../src/plan/cut-plan.ts";
import { makePlan } from "../src/plan/make-plan.ts";
import type { Load } from "../src/protocol/load.ts";
import type { Share } from "../src/protocol/plan.ts";
import type { VirtualUser } from "../src/protocol/step.ts";
import { createClaimMemory, createClaims } from "../src/run/claims.ts";
import { createGeneratorWatch } from "../src/run/generator-watch.ts";
import { createInThread } from "../src/run/in-thread.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";
import { createScenario, createWorkflow } from "../test/support/staged-run.ts";

// CPU time of an iteration that does nothing: what the VU loop and the schedulers cost. Run: node bench/vu-loop.ts

const clock = createSystemClock(systemTime);
const masker = (text: string): string => text;

function createIdleWorkflow(): CompiledWorkflow {
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
    scenarios: [
      {
        createVu,
        vuSetup: () => Promise.resolve(true),
        iteration: () => Promise.resolve("passed"),
        vuTeardown: () => Promise.resolve(),
        drawThinkTime: null,
        supply: null,
        supplyVu: null,
        closeVu: () => undefined,
      },
    ],
    createSharedVu: (signal) => createVu(0, signal),
    setup: () => Promise.resolve({}),
    share: () => undefined,
    teardown: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

async function runLoad(load: Load): Promise<number> {
  const workflow = createWorkflow([createScenario(load)]);
  const plan = makePlan(workflow);
  const share = cutPlan(plan, [1])[0] as Share;
  const done = Promise.withResolvers<void>();
  let iterations = 0;
  const part = createInThread(
    {
      plan,
      share,
      context: {
        workflow,
        inputs: { env: {}, secrets: {} },
        slaveId: "bench",
        recorder: createRecorder({ clock, masker }),
        clock,
        random: Math.random,
        log: () => undefined,
        permit: { maySend: () => true, refuses: () => null },
        connections: {},
        opensFiles: false,
        threads: 1,
        masker,
        files: new Map(),
      },
      leaseMemory: null,
      claims: createClaims(createClaimMemory(share), 1),
      seed: 0,
      watch: createGeneratorWatch(),
      compile: () => Promise.resolve(createIdleWorkflow()),
    },
    {
      onArrivals: () => undefined,
      onFrame: (frame) => {
        iterations = frame.vus[0]?.iterations ?? 0;
      },
      onDone: done.resolve,
      onFault: done.reject,
      onStarted: () => undefined,
      onIdle: () => undefined,
      onWant: () => undefined,
      onClaim: () => undefined,
      onRowsOver: () => undefined,
      onSpareRow: () => undefined,
    },
  );
  await part.prepare([]);
  part.start(clock.now(), {});
  await done.promise;
  await part.close();
  return iterations;
}

const rows: readonly Load[] = [
  { mode: "constant-vus", vus: 1, durationMs: 1000, rampUpMs: 0 },
  { mode: "constant-vus", vus: 50, durationMs: 1000, rampUpMs: 0 },
  { mode: "shared-iterations", vus: 50, iterations: 1_000_000, maxDurationMs: 10_000 },
  { mode: "constant-arrival-rate", rate: 5_000, timeUnitMs: 1000, durationMs: 1000, preAllocatedVus: 50, maxVus: 50 },
  { mode: "constant-arrival-rate", rate: 200_000, timeUnitMs: 1000, durationMs: 1000, preAllocatedVus: 50, maxVus: 50 },
];

for (const load of rows) {
  await runLoad(load);
  const before = process.cpuUsage();
  const iterations = await runLoad(load);
  const used = process.cpuUsage(before);
  const nanoseconds = ((used.user + used.system) * 1000) / Math.max(1, iterations);
  const size = "vus" in load ? `${load.vus} VUs` : `${"rate" in load ? load.rate : 0}/s`;
  console.log(
    `${load.mode} ${size}`.padEnd(36),
    `${nanoseconds.toFixed(0).padStart(7)} ns`,
    `${iterations} iterations`,
  );
}
