import { availableParallelism } from "node:os";
import { onTestFinished } from "vitest";
import { loadWorkflowObject } from "../../src/definition/load-workflow.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { FromSlave, LinkPort, SlaveLink } from "../../src/protocol/link.ts";
import type { Fact, Order } from "../../src/protocol/message.ts";
import type { Plan } from "../../src/protocol/plan.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";
import { joinInMemory } from "../../src/slave/join-in-memory.ts";
import type { Slave } from "../../src/slave/slave.ts";
import { makeSlave } from "../../src/slave/start-slave.ts";
import { waitUntil } from "./cluster.ts";

/** An owner whose orders a test gives by hand; it answers heartbeats and acknowledges frames while it is told to. */
export interface HandOwner {
  readonly slave: Slave;
  /** What the slave said of an execution, heartbeats apart. */
  facts(execution: string): readonly Fact[];
  /** Frames by number, each once. */
  frames(execution: string): readonly Frame[];
  readonly logged: readonly string[];
  order(execution: string, order: Order, stamp?: { readonly token?: number; readonly incarnation?: number }): void;
  /** Prepares the whole plan on the slave and starts it. */
  start(execution: string, plan: Plan): Promise<void>;
  /** Waits for a fact. */
  seen(execution: string, type: Fact["type"]): Promise<void>;
  /** Are heartbeats answered, frames acknowledged? */
  renews: boolean;
  acknowledges: boolean;
  /** Cuts the link; `join` makes another. */
  cut(): void;
  join(): Promise<void>;
}

/** H where a test is about the end of a lease: leases of 1.5 s, a heartbeat every 400 ms. */
export const shortTimeoutMs = 2_000;

export interface HandOwnerOptions {
  /** H, ms; default: no lease of a machine that stalls ends by itself. */
  readonly timeoutMs?: number;
  readonly orphanMs?: number;
}

/** A real slave in this process with such an owner; both end with the test. */
export async function startHandOwner(options: HandOwnerOptions = {}): Promise<HandOwner> {
  const { timeoutMs = 60_000, orphanMs } = options;
  const clock = createSystemClock(systemTime);
  const logged: string[] = [];
  const slave = makeSlave({
    card: { id: "s1", type: "worker", address: "", capabilities: [], labels: {}, max_vus: null },
    engineVersion: "0.1.0",
    instance: "i-1",
    threads: 1,
    cores: availableParallelism(),
    clock,
    random: Math.random,
    log: (level, message) => logged.push(`${level}: ${message}`),
    targets: null,
    localIps: [],
    connections: {},
    environment: {},
    inputRoom: "",
    inputs: { fetch: () => Promise.reject(new Error("there are no files")) },
    sample: () => ({ cpu: 0, memory: 0, event_loop_lag_ms: 0 }),
    noteSecrets: () => undefined,
    orphanMs,
  });
  onTestFinished(() => slave.close());
  const facts = new Map<string, Fact[]>();
  const frames = new Map<string, Map<number, Frame>>();
  let link: SlaveLink | null = null;
  let joined: { close(): void } | null = null;

  const order: HandOwner["order"] = (execution, given, { token = 1, incarnation = 1 } = {}) =>
    link?.send({ type: "order", stamp: { executionId: execution, incarnation, token, record: 0 }, order: given });
  const learn = (message: FromSlave): void => {
    if (message.type !== "fact") return;
    const { execution, fact } = message;
    const known = facts.get(execution) ?? [];
    facts.set(execution, known);
    if (fact.type === "heartbeat") {
      if (owner.renews) order(execution, { type: "renew", sequence: fact.sequence, ownerWallMs: clock.wall() });
      return;
    }
    known.push(fact);
    if (fact.type !== "frame") return;
    const taken = frames.get(execution) ?? new Map<number, Frame>();
    frames.set(execution, taken);
    taken.set(fact.frame.number, fact.frame);
    if (owner.acknowledges) order(execution, { type: "ack", through: fact.frame.number });
  };
  const port: LinkPort = {
    connect(_hello, to) {
      link = to;
      return Promise.resolve({ type: "welcome", timeoutMs, intervalMs: 1_000, masterId: "test", ticket: "t" });
    },
    receive: (_id, _instance, message) => learn(message),
    disconnect: () => {
      link = null;
    },
  };
  const owner: HandOwner = {
    slave,
    logged,
    facts: (execution) => facts.get(execution) ?? [],
    frames: (execution) => [...(frames.get(execution)?.values() ?? [])].toSorted((a, b) => a.number - b.number),
    order,
    async start(execution, plan) {
      const [share] = cutPlan(plan, [1]);
      if (share === undefined) throw new Error("no share");
      const inputs = { env: {}, secrets: {} };
      order(execution, { type: "prepare", executionId: execution, plan, inputs, share });
      await owner.seen(execution, "prepared");
      order(execution, { type: "start", shared: {}, inMs: 20 });
      await owner.seen(execution, "started");
    },
    seen: (execution, type) =>
      waitUntil(
        () => Promise.resolve(owner.facts(execution).some((fact) => fact.type === type)),
        30_000,
        () => `${type} of ${execution}: ${JSON.stringify(owner.facts(execution).map((fact) => fact.type))}`,
      ),
    renews: true,
    acknowledges: true,
    cut: () => joined?.close(),
    async join() {
      joined = await joinInMemory(slave, port);
    },
  };
  await owner.join();
  return owner;
}

/** The plan of a workflow as users write it. */
export function planWorkflow(workflow: object): Plan {
  const loaded = loadWorkflowObject(workflow, { variables: {}, env: {} });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return makePlan(loaded.workflow);
}

/** The sum of a counter over frames. */
export function sumCounter(frames: readonly Frame[], metric: string): number {
  let sum = 0;
  for (const { series } of frames) {
    for (const delta of series) if (delta.key.metric === metric && delta.type === "counter") sum += delta.sum;
  }
  return sum;
}
