import type { CompiledScenario } from "../src/flow/compiled.ts";
import { compileWorkflow } from "../src/flow/compile-workflow.ts";
import { stepCompilers } from "../src/flow/step-compilers.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import type { Executor, StepResult, VirtualUser } from "../src/protocol/step.ts";
import { read } from "../src/protocol/step.ts";
import type { Step } from "../src/protocol/workflow.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";
import {
  makeAssertion,
  makeExtraction,
  makeFlow,
  makeGroup,
  makeStep,
  makeWorkflow,
} from "../test/support/flow-run.ts";
import { noFeeds } from "../src/data/feeds.ts";
import { noMeetings } from "../src/flow/rendezvous/meetings.ts";

// CPU time of an iteration per step, beyond an operation that does nothing but resolve. Run: node bench/flow.ts

const result: StepResult = {
  failure: null,
  interrupted: false,
  duration: 1.25,
  statusCode: 200,
  target: "",
  text: () => '{"id": 1}',
  json: () => ({ id: 1 }),
  header: () => [],
  cookie: () => undefined,
  [read]: () => undefined,
};
const idle: Executor = { compile: () => async () => result, close: () => Promise.resolve() };

const assert = [makeAssertion(200)];
const repeat = (count: number, make: (id: string) => Step): Step[] =>
  Array.from({ length: count }, (_, index) => make(`s${index}`));

const rows: Readonly<Record<string, readonly Step[]>> = {
  "the operation and an iteration of nothing": [],
  "1 step": [makeStep("a")],
  "1 step, status assertion": [makeStep("a", { assert })],
  "10 steps, status assertion": repeat(10, (id) => makeStep(id, { assert })),
  "10 steps, assertion and extraction": repeat(10, (id) =>
    makeStep(id, { assert, extract: [makeExtraction("id", "$.id")] }),
  ),
  "10 steps, condition": repeat(10, (id) => makeStep(id, { assert, condition: "vu.id > 0" })),
  "10 steps, on_error retry": repeat(10, (id) => makeStep(id, { assert, onError: "retry" })),
  "10 steps, post_hook": repeat(10, (id) => makeStep(id, { postHook: [makeStep(`${id}-after`)] })),
  "10 groups of 1 step": repeat(10, (id) => makeGroup(id, [makeStep(`${id}-a`, { assert })])),
};

const empty = (id: string): Step => makeGroup(id, []);

/** 20 steps an iteration, each counted and timed, of which none waits. */
const nested: readonly Step[] = [
  makeGroup("outer", [
    makeFlow("condition", "if", {
      expression: "vu.id > 0",
      then: [
        makeFlow("switch", "which", { cases: [{ expression: "vu.iteration < 0", steps: [] }], default: [empty("g1")] }),
      ],
    }),
    makeFlow("loop", "for", {
      count: 4,
      steps: [makeFlow("condition", "odd", { expression: "loop.index >= 0", then: [empty("g2")] })],
    }),
    makeFlow("retry", "again", { steps: [empty("g3")] }),
    makeFlow("loop", "each", { items: ["a", "b", "c", "d"], steps: [empty("g4")] }),
  ]),
];

/** The floor for whatever awaits: 20 async functions that do nothing. */
async function awaitTwenty(): Promise<void> {
  for (let step = 0; step < 20; step++) await doNothing();
}

async function doNothing(): Promise<void> {}

async function iterate(scenario: CompiledScenario, vus: readonly VirtualUser[], iterations: number): Promise<void> {
  for (let iteration = 0; iteration < iterations; iteration++) {
    await scenario.iteration(vus[iteration % vus.length] as VirtualUser);
  }
}

const cases = [
  ...Object.entries(rows).map(([name, steps]) => ({ name, steps, vus: 1, count: Math.max(1, steps.length) })),
  { name: "a nested flow of 20 trivial steps, 1,000 VUs", steps: nested, vus: 1000, count: 20 },
];
for (const { name, steps, vus: vuCount, count } of cases) {
  const clock = createSystemClock(systemTime);
  const masker = (text: string): string => text;
  const compiled = await compileWorkflow(
    {
      workflow: makeWorkflow(steps),
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
      feeds: noFeeds,
      meetings: noMeetings,
    },
    { executors: { op: () => Promise.resolve(() => idle) }, compilers: stepCompilers },
  );
  const [scenario] = compiled.scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const vus = Array.from({ length: vuCount }, (_, at) => scenario.createVu(at + 1, new AbortController().signal));
  const iterations = 1_000_000 / count;
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const before = process.cpuUsage();
    await iterate(scenario, vus, iterations);
    const used = process.cpuUsage(before);
    times.push(((used.user + used.system) / iterations / count) * 1e3);
  }
  const median = times.toSorted((one, other) => one - other)[2] ?? 0;
  console.log(`${name.padEnd(44)} ${median.toFixed(0).padStart(6)} ns per step`);
}

const times: number[] = [];
for (let run = 0; run < 5; run++) {
  const before = process.cpuUsage();
  for (let iteration = 0; iteration < 50_000; iteration++) await awaitTwenty();
  const used = process.cpuUsage(before);
  times.push(((used.user + used.system) / 1e6) * 1e3);
}
const floor = times.toSorted((one, other) => one - other)[2] ?? 0;
console.log(`${"peer: 20 async functions of nothing".padEnd(44)} ${floor.toFixed(0).padStart(6)} ns per step`);
