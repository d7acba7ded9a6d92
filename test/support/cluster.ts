import { onTestFinished } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import type { Execution, Metrics } from "../../src/protocol/rest.ts";
import { checkAnswer } from "./check-answer.ts";
import { type RunningCommand, startCommand } from "./command.ts";
import { findSteadyPort } from "./steady-port.ts";

/** A built master and its slaves as processes of their own; everything ends with the test. */
export interface Cluster {
  readonly url: string;
  readonly master: RunningCommand;
  /** Starts a slave and waits until the master lists it as online. */
  addSlave(id: string, options?: SlaveOptions): Promise<RunningCommand>;
  /**
   * Kills the master (SIGKILL) and starts another on the same port and data after `meanwhile`, and so long after it;
   * `starter`: by this command.
   */
  restartMaster(downMs: number, meanwhile?: () => void | Promise<void>, starter?: readonly string[]): Promise<void>;
  /** Submits a workflow; gives the execution's id. Throws with the answer when it is refused. */
  submit(workflow: object, envelope?: object): Promise<string>;
  /** A call of the API: status and body. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  describe(id: string): Promise<Execution>;
  metrics(id: string): Promise<Metrics>;
  /** Waits for the end; gives the report. */
  finish(id: string, deadlineMs?: number): Promise<Report>;
  /** Waits until the execution is as `condition` says. */
  waitFor(id: string, condition: (execution: Execution) => boolean, deadlineMs?: number): Promise<Execution>;
}

export interface SlaveOptions {
  readonly maxVus?: number;
  /** Default: the master's own URL. */
  readonly master?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface MasterOptions {
  /** Default: 8 s. Shorter only where all that takes part may be lost. */
  readonly heartbeatTimeout?: string;
  readonly args?: readonly string[];
  /** Default: a store in memory; null: as the environment says. */
  readonly dataDir?: string | null;
  readonly env?: Readonly<Record<string, string>>;
}

/** Nothing of a test may live longer than this. */
const processDeadlineMs = 300_000;

/** Starts a master on a port of loopback that it keeps over restarts. */
export async function startCluster(options: MasterOptions = {}): Promise<Cluster> {
  const { heartbeatTimeout = "8s", args = [], dataDir, env = {} } = options;
  const store = dataDir === undefined ? ["--store", "memory:"] : dataDir === null ? [] : ["--data-dir", dataDir];
  const launch = async (address: string, starter: readonly string[] = []) => {
    const master = startCommand(
      ["master", "start", "--address", address, "--heartbeat-timeout", heartbeatTimeout, ...store, ...args],
      { deadlineMs: processDeadlineMs, env, starter },
    );
    endWithTest(master);
    await master.seen(/http:\/\/127\.0\.0\.1:\d+/);
    return master;
  };
  let master = await launch(`127.0.0.1:${await findSteadyPort()}`);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(master.shown())?.[0] ?? "";

  const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      signal: AbortSignal.timeout(55_000),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    const type = response.headers.get("content-type") ?? "";
    checkAnswer(method, `/api/v1${path}`, { status: response.status, type, body: answer });
    return { status: response.status, body: answer };
  };
  const read = async <Body>(path: string): Promise<Body> => {
    const { status, body } = await call("GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body as Body;
  };
  const waitFor: Cluster["waitFor"] = async (id, condition, deadlineMs = 120_000) => {
    let last: Execution | null = null;
    await waitUntil(
      async () => {
        last = await read<Execution>(`/executions/${id}`).catch(forgiveAbsence);
        return last !== null && condition(last);
      },
      deadlineMs,
      () => `execution ${id} is ${JSON.stringify(last)}\n${master.shown()}`,
    );
    return last as unknown as Execution;
  };

  return {
    url,
    get master() {
      return master;
    },
    async addSlave(id, { maxVus = 100, master: at = url, args: more = [], env } = {}) {
      const slave = startCommand(
        [
          "slave",
          "start",
          "--id",
          id,
          "--master",
          at,
          "--max-vus",
          String(maxVus),
          "--address",
          "127.0.0.1:0",
          ...more,
        ],
        { deadlineMs: processDeadlineMs, ...(env === undefined ? {} : { env }) },
      );
      endWithTest(slave);
      await waitUntil(
        async () => {
          const { status, body } = await call("GET", `/slaves/${id}`);
          const state = (body["status"] as { readonly state?: string } | undefined)?.state;
          return status === 200 && (state === "online" || state === "busy");
        },
        120_000,
        () => `slave ${id} did not come online\n${slave.shown()}\n${master.shown()}`,
      );
      return slave;
    },
    async restartMaster(downMs, meanwhile, starter) {
      master.child.kill("SIGKILL");
      await master.finished;
      await meanwhile?.();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      master = await launch(new URL(url).host, starter);
    },
    async submit(workflow, envelope = {}) {
      const { status, body } = await call("POST", "/workflows", { workflow, ...envelope });
      if (status !== 201) throw new Error(`submit: ${status} ${JSON.stringify(body)}`);
      return String(body["execution_id"]);
    },
    call,
    describe: (id) => read<Execution>(`/executions/${id}`),
    metrics: (id) => read<Metrics>(`/executions/${id}/metrics`),
    waitFor,
    async finish(id, deadlineMs = 120_000) {
      await waitFor(
        id,
        ({ status }) => status === "completed" || status === "failed" || status === "aborted",
        deadlineMs,
      );
      return read<Report>(`/executions/${id}/report`);
    },
  };
}

/** Waits for a condition with a deadline; then throws what `explain` says. */
export async function waitUntil(
  condition: () => Promise<boolean>,
  deadlineMs: number,
  explain: () => string,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  // To look is a request, and costs the master as much as the test: what takes longer is looked at less often.
  for (let pauseMs = 25; !(await condition()); pauseMs = Math.min(pauseMs * 1.2, 100)) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** While a master is away there is nothing to read: that is no answer yet. */
function forgiveAbsence(error: unknown): null {
  if (error instanceof TypeError && error.message === "fetch failed") return null;
  throw error;
}

function endWithTest(command: RunningCommand): void {
  onTestFinished(async () => {
    // A stopped process must go on to die.
    command.child.kill("SIGKILL");
    await command.finished;
  });
}
