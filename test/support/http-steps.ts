import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHttpExecutor } from "../../src/executors/http/executor.ts";
import { type HttpConfig, plainGet } from "../../src/protocol/http-config.ts";
import { compileJsonTemplate } from "../../src/expression/json-template.ts";
import { compileTemplate } from "../../src/expression/template.ts";
import { createRecorder } from "../../src/measure/thread-recorder.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import type { SeriesDelta } from "../../src/protocol/frame.ts";
import type { FilePaths } from "../../src/protocol/named-file.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import type { Clock, Permit } from "../../src/protocol/ports.ts";
import type { Evaluate, Operation, StepContext, StepResult, VirtualUser } from "../../src/protocol/step.ts";
import type { HttpDefaults } from "../../src/protocol/workflow.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { completeStep, completeWorkflow, httpDefaults } from "./workflow-fixtures.ts";

/** One request as a test server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** From 1: which of the server's connections. */
  readonly connection: number;
}

export interface HttpTarget {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** An http server on a free port of 127.0.0.1 that notes what it was asked before `answer` gets it. */
export async function startHttpTarget(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<HttpTarget> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers, socket } = request;
      const body = Buffer.concat(chunks).toString("utf8");
      const one = { method, url, headers, body, connection: numbers.get(socket) ?? 0 };
      seen.push(one);
      answer(one, response);
    });
  };
  const server = createServer(listener);
  server.on("connection", (socket) => numbers.set(socket, ++connections));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface RunOptions {
  readonly vu?: VirtualUser;
  readonly reads?: StepContext["reads"];
  readonly deadline?: number;
}

/** An http executor with a real recorder and transport. */
export interface HttpSteps {
  readonly clock: Clock;
  createVu(signal?: AbortSignal): VirtualUser;
  /** Compiles a step; the config is completed with defaults. */
  compile(config: Partial<HttpConfig>, reads?: StepContext["reads"]): Operation;
  /** Opens what the compiled steps need. */
  prepare(): Promise<void>;
  /** Compiles and runs once; without `vu` a fresh one. */
  run(config: Partial<HttpConfig>, options?: RunOptions): Promise<StepResult>;
  /** What was recorded since the last call of this or the next. */
  cut(): readonly SeriesDelta[];
  /** The same with its errors. */
  measure(): Measurements;
  close(): Promise<void>;
}

const configDefaults = plainGet("/");

/** `${name}` is a variable of the VU's iteration. */
const names = {
  resolve: (name: string) => (vu: VirtualUser) => (name === "vu" ? { id: vu.id } : vu.variables.get(name)),
};
const language = { random: Math.random, wall: Date.now };

/** `files`: where those are that bodies are made of, by name; `permit`: where load may go. */
export function createHttpSteps(
  http: Partial<HttpDefaults> = {},
  clockPorts: Partial<Clock> = {},
  files: FilePaths = new Map(),
  permit: Permit = { maySend: () => true, refuses: () => null },
): HttpSteps {
  const clock: Clock = { ...createSystemClock({ now: () => performance.now(), wall: Date.now }), ...clockPorts };
  const recorder = createRecorder({ clock, masker: (text) => text });
  const workflow = completeWorkflow({ http: { ...httpDefaults, ...http } });
  const context = {
    workflow,
    inputs: { env: {}, secrets: {} },
    clock,
    random: Math.random,
    log: () => undefined,
    permit,
    ownerOffsetMs: () => 0,
    connections: {},
    opensFiles: false,
    threads: 1,
    files,
    trace: null,
    slot: 0,
    shared: new Map(),
  };
  const executor = createHttpExecutor(context, recorder);
  let lastId = 0;

  function createVu(signal: AbortSignal = new AbortController().signal): VirtualUser {
    return {
      id: ++lastId,
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
    };
  }

  function compile(config: Partial<HttpConfig>, reads = { body: true, headers: true }): Operation {
    const filled = { ...configDefaults, ...config };
    const step = completeStep({ id: "s1", type: "http", config: filled as unknown as JsonObject });
    return executor.compile(step, {
      tags: { step: "s1", name: "s1" },
      reads,
      template: (text) => compileTemplate(text, names, language).evaluate as Evaluate,
      templateJson: (value) => compileJsonTemplate(value, names, language).evaluate as Evaluate,
      constant: (text) => compileTemplate(text, names, language).constant,
      variable: (name) => (vu) => vu.variables.get(name),
      variableNames: (vu) => vu.variables.keys(),
    });
  }

  async function prepare(): Promise<void> {
    await executor.prepare?.();
  }

  return {
    clock,
    createVu,
    compile,
    prepare,
    async run(config, { vu = createVu(), reads, deadline = Number.POSITIVE_INFINITY } = {}) {
      const operation = compile(config, reads);
      await prepare();
      return operation(vu, deadline);
    },
    cut: () => recorder.cut().series,
    measure: () => recorder.cut(),
    close: () => executor.close(),
  };
}
