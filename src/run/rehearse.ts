import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { EngineError } from "../errors.ts";
import { compileWorkflow } from "../flow/compile-workflow.ts";
import type { CompiledWorkflow, FlowContext } from "../flow/compiled.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import { countStartsPerSecond } from "../plan/count-starts-per-second.ts";
import { cutPlan } from "../plan/cut-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import { plainGet } from "../protocol/http-config.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Plan, Share } from "../protocol/plan.ts";
import type { Step, Workflow } from "../protocol/workflow.ts";
import { createClaimMemory, createClaims } from "./claims.ts";
import type { GeneratorWatch } from "./generator-watch.ts";
import { createInThread } from "./in-thread.ts";

/** A plan that starts fewer iterations a second has the time to run code that is not machine code yet. */
const manyStartsPerSecond = 500;
const load = { rate: 4_000, timeUnitMs: 1_000, durationMs: 300, preAllocatedVus: 50, maxVus: 50 };
/** So often the target closes a connection, so that dialling is rehearsed too. */
const exchangesPerConnection = 4;

/**
 * Compiles a plan's workflow; before that, where the plan starts many iterations a second, it runs a small workflow
 * against a listener of its own. Machine code is made of what has run often: without it the starts of the first half
 * second would be late. Nothing of the rehearsal is measured, and nothing leaves the machine.
 */
export function rehearseThenCompile(plan: Plan): (context: FlowContext) => Promise<CompiledWorkflow> {
  return async (context) => {
    if (countStartsPerSecond(plan) >= manyStartsPerSecond) await rehearse(plan.workflow, context);
    return compileWorkflow(context);
  };
}

async function rehearse(workflow: Workflow, context: FlowContext): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    answerAll(socket);
  });
  try {
    await once(server.listen(0, "127.0.0.1"), "listening");
    await run(makeRehearsal(workflow, portOf(server)), context);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function run(workflow: Workflow, { clock, masker, slaveId, random }: FlowContext): Promise<void> {
  const plan = makePlan(workflow);
  const share = cutPlan(plan, [1])[0] as Share;
  const done = Promise.withResolvers<void>();
  const part = createInThread(
    {
      plan,
      share,
      context: {
        workflow,
        inputs: { env: {}, secrets: {} },
        slaveId,
        recorder: createRecorder({ clock, masker }),
        clock,
        random,
        log: () => undefined,
        permit: { maySend: () => true, refuses: () => null },
        masker,
        connections: {},
        opensFiles: false,
        threads: 1,
        files: new Map(),
      },
      leaseMemory: null,
      claims: createClaims(createClaimMemory(share), 1),
      seed: 0,
      watch: unwatched,
      compile: compileWorkflow,
    },
    {
      onFrame: () => undefined,
      onArrivals: () => undefined,
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
  try {
    await part.prepare([]);
    part.start(clock.now(), {});
    await done.promise;
  } finally {
    await part.close();
  }
}

const unwatched: GeneratorWatch = {
  sample: () => ({ cpu: 0, eventLoopLagMs: 0, memory: 0 }),
  close: () => undefined,
};

function answerAll(socket: Socket): void {
  let exchanges = 0;
  socket.setNoDelay(true);
  socket.on("data", () => {
    const last = ++exchanges === exchangesPerConnection;
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${last ? "Connection: close\r\n" : ""}\r\n{}`;
    if (last) socket.end(answer);
    else socket.write(answer);
  });
  // The client may go in the middle of anything.
  socket.on("error", () => socket.destroy());
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new EngineError("internal_error", "the rehearsal's listener has no port");
  }
  return address.port;
}

/** The workflow's settings with one step that sends to this machine's `port`. */
function makeRehearsal(workflow: Workflow, port: number): Workflow {
  const config = {
    ...plainGet(`http://127.0.0.1:${port}/`),
    connectTimeoutMs: 5_000,
    totalTimeoutMs: 5_000,
  } as unknown as JsonObject;
  const step: Step = {
    id: "rehearsal",
    name: "rehearsal",
    type: "http",
    config,
    timeoutMs: null,
    onError: "continue",
    retry: { maxAttempts: 1, delayMs: 0, backoff: "fixed", maxDelayMs: 0 },
    condition: null,
    extract: [],
    assert: [{ name: "status", type: "status", path: "", operator: "eq", value: 200 }],
    checks: [],
    preHook: [],
    postHook: [],
    thinkTime: null,
    tags: {},
    disabled: false,
  };
  return {
    ...workflow,
    variables: {},
    connections: {},
    files: [],
    feeders: [],
    seed: null,
    locale: "en",
    http: { ...workflow.http, hosts: {}, sources: [], cookies: "vu", connections: "vu" },
    setup: [],
    teardown: [],
    warmUpMs: 0,
    thresholds: [],
    scenarios: [
      {
        name: "rehearsal",
        load: { mode: "constant-arrival-rate", ...load },
        startTimeMs: 0,
        gracefulStopMs: 1_000,
        pacingMs: 0,
        targetSlaves: null,
        limitSearch: null,
        thinkTime: null,
        onError: "continue",
        variables: {},
        tags: {},
        steps: [step],
        vuSetup: [],
        vuTeardown: [],
        preHook: [],
        postHook: [],
      },
    ],
  };
}
