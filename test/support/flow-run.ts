import type { CompiledScenario, CompiledWorkflow, FlowContext, IterationOutcome } from "../../src/flow/compiled.ts";
import { compileWorkflow } from "../../src/flow/compile-workflow.ts";
import { stepCompilers } from "../../src/flow/step-compilers.ts";
import { createRecorder } from "../../src/measure/thread-recorder.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import type { Json, JsonObject } from "../../src/protocol/json.ts";
import type { Inputs } from "../../src/protocol/message.ts";
import type { Clock, Random } from "../../src/protocol/ports.ts";
import type {
  Evaluate,
  Executor,
  Failure,
  StepContext,
  StepResult,
  VirtualUser,
  VuResource,
} from "../../src/protocol/step.ts";
import { read } from "../../src/protocol/step.ts";
import type { LoopAround, SpecContext } from "../../src/protocol/step-spec.ts";
import type { Assertion, Extraction, Scenario, Step, Workflow } from "../../src/protocol/workflow.ts";
import type { ExecutorFactory } from "../../src/step-executors.ts";
import { createTurnedClock, type TurnedClock } from "./turned-clock.ts";
import { completeScenario, completeStep, completeWorkflow, httpDefaults } from "./workflow-fixtures.ts";
import { noFeeds } from "../../src/data/feeds.ts";
import { noMeetings } from "../../src/flow/rendezvous/meetings.ts";

/** What a step of type `op` answers; everything left out is the plain success. */
export interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly duration?: number;
  readonly failure?: Failure;
  readonly interrupted?: boolean;
}

/** One run of an operation, as the executor saw it. */
export interface Call {
  readonly step: string;
  /** From 1, of this step. */
  readonly number: number;
  readonly vu: VirtualUser;
  readonly deadline: number;
  /** The step's config with its templates filled in. */
  readonly config: unknown;
}

export type Behave = (call: Call) => Answer | Promise<Answer>;

export interface FlowOptions {
  readonly workflow?: Partial<Workflow>;
  readonly scenario?: Partial<Scenario>;
  readonly behave?: Behave;
  readonly inputs?: Partial<Inputs>;
  readonly random?: Random;
  readonly clock?: Clock;
  /** Instead of `op` alone. */
  readonly executors?: Readonly<Record<string, () => Promise<ExecutorFactory>>>;
}

/** A compiled workflow whose steps of type `op` do what the test says. */
export interface FlowRun {
  readonly clock: TurnedClock;
  readonly compiled: CompiledWorkflow;
  readonly scenario: CompiledScenario;
  readonly stop: AbortController;
  readonly vu: VirtualUser;
  /** `step` or `step#2`: operations in the order in which they ran. */
  readonly ran: string[];
  readonly calls: Call[];
  /** `begin` and `close` of the VU's resource. */
  readonly resourceEvents: string[];
  readonly contexts: ReadonlyMap<string, StepContext>;
  iterate(): Promise<IterationOutcome>;
  cut(): Measured;
}

/** What was recorded since the last cut, easy to compare. */
export interface Measured {
  /** `step_failed{step:a}` -> `1/2` (true of all) for rates, a count for the rest. */
  readonly series: Readonly<Record<string, string | number>>;
  readonly trends: Readonly<Record<string, readonly [count: number, sum: number]>>;
  /** `step code: message` -> count. */
  readonly errors: Readonly<Record<string, number>>;
  readonly measurements: Measurements;
}

export function makeStep(id: string, more: Partial<Step> = {}): Step {
  return completeStep({ id, type: "op", ...more });
}

export function makeGroup(id: string, steps: readonly Step[], more: Partial<Step> = {}): Step {
  // Resolved configs hold their children as steps.
  return makeStep(id, { type: "group", config: { steps: steps as unknown as Json }, ...more });
}

export function makeSleep(id: string, minMs: number | string, more: Partial<Step> = {}): Step {
  return makeStep(id, { type: "sleep", config: { duration: { minMs, maxMs: minMs } }, ...more });
}

/** A flow step as loading makes it of this config, which holds resolved steps. */
export function makeFlow(type: keyof typeof stepCompilers, id: string, config: object, more: Partial<Step> = {}): Step {
  const { spec } = stepCompilers[type];
  const loops: LoopAround[] = "loop" in config ? [{ stepId: String(config.loop), label: null }] : [];
  const written = "loop" in config ? {} : (config as JsonObject);
  const problems: string[] = [];
  const context: SpecContext = {
    http: httpDefaults,
    libs: {},
    insecure: false,
    loops,
    report: (path, message) => problems.push(`${path.join(".")} ${message}`),
    warn: (path, message) => problems.push(`${path.join(".")} ${message}`),
    readFile: () => null,
    findCallee: () => null,
    useFile: () => null,
    hasFile: () => false,
  };
  const resolved = spec.resolve(written, context);
  if (problems.length > 0) throw new Error(problems.join("; "));
  return makeStep(id, { type, config: resolved, ...more });
}

export function makeAssertion(value: Json, more: Partial<Assertion> = {}): Assertion {
  return { name: `status is ${String(value)}`, type: "status", path: "", operator: "eq", value, ...more };
}

export function makeExtraction(name: string, path: string, more: Partial<Extraction> = {}): Extraction {
  return { name, from: "json", path, all: false, scope: "iteration", ...more };
}

export function makeScenario(steps: readonly Step[], more: Partial<Scenario> = {}): Scenario {
  return completeScenario({ steps, ...more });
}

export function makeWorkflow(steps: readonly Step[], options: FlowOptions = {}): Workflow {
  return completeWorkflow({ scenarios: [makeScenario(steps, options.scenario)], ...options.workflow });
}

/** Compiles these steps; `behave` decides what each operation answers. */
export async function startFlow(steps: readonly Step[], options: FlowOptions = {}): Promise<FlowRun> {
  const clock = createTurnedClock();
  const calls: Call[] = [];
  const ran: string[] = [];
  const resourceEvents: string[] = [];
  const contexts = new Map<string, StepContext>();
  const recorder = createRecorder({ clock, masker: (text) => text });
  const behave = options.behave ?? (() => ({}));
  const create: ExecutorFactory = ({ slot }) => createOpExecutor(slot);
  const { env = {}, secrets = {} } = options.inputs ?? {};
  const context: FlowContext = {
    workflow: makeWorkflow(steps, options),
    inputs: { env, secrets },
    slaveId: "slave-1",
    recorder,
    clock: options.clock ?? clock,
    random: options.random ?? (() => 0.5),
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    connections: {},
    opensFiles: false,
    threads: 1,
    masker: (text) => text.replaceAll("hunter2", "***"),
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
  };
  const executors = options.executors ?? { op: () => Promise.resolve(create) };
  const compiled = await compileWorkflow(context, { executors, compilers: stepCompilers });
  const scenario = compiled.scenarios[0];
  if (scenario === undefined) throw new Error("the workflow has no scenario");
  const stop = new AbortController();
  const vu = scenario.createVu(7, stop.signal);

  return {
    clock,
    compiled,
    scenario,
    stop,
    vu,
    ran,
    calls,
    resourceEvents,
    contexts,
    iterate: async () => {
      const outcome = await scenario.iteration(vu);
      vu.vuIteration++;
      vu.iteration++;
      return outcome;
    },
    cut: () => readMeasurements(recorder.cut()),
  };

  function createOpExecutor(slot: number): Executor {
    return {
      close: () => Promise.resolve(),
      compile: (step, stepContext) => {
        contexts.set(step.id, stepContext);
        const config: Evaluate = stepContext.templateJson(step.config);
        return (vu, deadline) => {
          vu.resources[slot] ??= createResource();
          const number = calls.filter((call) => call.step === step.id).length + 1;
          const call: Call = { step: step.id, number, vu, deadline, config: config(vu) };
          calls.push(call);
          ran.push(number === 1 ? step.id : `${step.id}#${number}`);
          const answer = behave(call);
          return answer instanceof Promise ? answer.then(makeResult) : makeResult(answer);
        };
      },
    };
  }

  function createResource(): VuResource {
    return {
      beginIteration: () => void resourceEvents.push("begin"),
      close: () => void resourceEvents.push("close"),
    };
  }
}

function makeResult(answer: Answer): StepResult {
  const { status = 200, body = "", headers = {}, duration = 5, failure = null, interrupted = false } = answer;
  const json = (): unknown => {
    try {
      return JSON.parse(body);
    } catch {
      return undefined;
    }
  };
  const members: Readonly<Record<string, unknown>> = {
    status_code: status,
    body,
    headers,
    duration,
    output: json() ?? null,
    error_code: failure?.code ?? "",
  };
  return {
    failure,
    interrupted,
    duration,
    statusCode: status,
    target: "GET http://target/",
    text: () => body,
    json,
    header: (name) => (Object.hasOwn(headers, name) ? [headers[name] ?? ""] : []),
    cookie: () => undefined,
    [read]: (key) => members[key],
  };
}

function readMeasurements(measurements: Measurements): Measured {
  const series: Record<string, string | number> = {};
  const trends: Record<string, readonly [number, number]> = {};
  for (const delta of measurements.series) {
    const { metric, tags } = delta.key;
    const group = tags["group"] === undefined ? "" : `,group:${tags["group"]}`;
    const check = tags["check"] === undefined ? "" : `,check:${tags["check"]}`;
    const name = `${metric}{step:${tags["step"] ?? ""}${group}${check}}`;
    if (delta.type === "rate") series[name] = `${delta.passes}/${delta.total}`;
    if (delta.type === "trend") trends[name] = [delta.count, delta.sum];
  }
  const errors = Object.fromEntries(
    measurements.errors.map(({ stepId, code, message, count }) => [`${stepId} ${code}: ${message}`, count]),
  );
  return { series, trends, errors, measurements };
}
