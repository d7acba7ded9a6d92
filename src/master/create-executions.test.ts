import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import type { Frame } from "../protocol/frame.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { createArchive } from "./archive.ts";
import { createExecutions } from "./create-executions.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";
import { createSteering } from "./steering.ts";
import { createRow } from "./stored-execution.ts";

/** A master that finds one execution in its store, which lets it have that when `held` resolves; `spoil`: what is in the store. */
async function findExecution(held: Promise<void>, spoil: (store: Store) => Promise<unknown> = () => Promise.resolve()) {
  const memory = createMemoryStore();
  const load = { mode: "constant-vus", vus: 1, durationMs: 60_000, rampUpMs: 0 } as const;
  const workflow = createWorkflow([createScenario(load)]);
  await memory.putDocument("x", "submission", { workflow, env: {}, hadSecrets: false, queue: true });
  await memory.putIndex(createRow({ id: "x", workflow, createdAt: 0, vus: 1 }, "pending", null));
  await spoil(memory);
  const store: Store = {
    ...memory,
    async acquire(id) {
      await held;
      return memory.acquire(id);
    },
  };
  const clock = createTurnedClock();
  const ledger = createRoomLedger();
  const log = () => undefined;
  const times = { timeoutMs: 10_000, intervalMs: 1_000 };
  const registry = createRegistry({
    clock,
    ledger,
    masterId: "m",
    ...times,
    createTicket: () => "t",
    maxSlaves: 2,
    onEvent: () => undefined,
  });
  const files = {
    keep: () => Promise.resolve(),
    locate: () => "",
    locateOutput: () => "",
    listOutputs: () => Promise.resolve([]),
  };
  const steering = createSteering({
    store,
    files,
    outputTargets: { allow: [], deny: [] },
    registry,
    ledger,
    clock,
    log,
    limits: { maxExecutions: 1, queueSize: 1, ...times },
    engineVersion: "1",
    createId: () => "c",
  });
  onTestFinished(() => steering.close());
  const archive = createArchive(store);
  const executions = createExecutions({
    files,
    steering,
    archive,
    store,
    registry,
    createId: () => "c",
    noteSecrets: () => undefined,
    close: () => Promise.resolve(),
  });
  return { executions, workflow, takeUp: () => steering.takeUp() };
}

test("until an execution of the store is taken up no command says that it is unknown", async () => {
  const held = Promise.withResolvers<void>();
  const { executions, workflow, takeUp } = await findExecution(held.promise);
  const taking = takeUp();
  const stop = { graceMs: null, force: false, reason: "stopped_by_api" } as const;
  const calls = (id: string): Record<string, () => Promise<unknown>> => ({
    pause: () => executions.pause(id, null),
    resume: () => executions.resume(id, null),
    scale: () => executions.scale(id, { target: 1, of: "vus", scenario: null, overMs: 0 }),
    purge: () => executions.purge(id),
    stop: () => executions.stop(id, stop),
  });
  for (const [name, call] of Object.entries(calls("x")))
    await expect(call(), name).rejects.toMatchObject({ code: "not_ready" });
  await expect(executions.stopWorkflow(workflow.id, stop)).rejects.toMatchObject({ code: "not_ready" });
  held.resolve();
  await taking;
  for (const [name, call] of Object.entries(calls("nobody")))
    await expect(call(), name).rejects.toMatchObject({ code: "not_found" });
  expect(await executions.describe("x")).toMatchObject({ status: "pending" });
  expect(await executions.scale("x", { target: 1, of: "vus", scenario: null, overMs: 0 })).toBe(1);
  expect(await executions.stopWorkflow(workflow.id, stop)).toEqual(["x"]);
});

test("the list has what is not taken up yet, as many as it counts", async () => {
  const held = Promise.withResolvers<void>();
  const { executions, workflow, takeUp } = await findExecution(held.promise);
  const taking = takeUp();
  const query = { limit: 10, offset: 0 };
  expect(await executions.list(query)).toMatchObject({
    total: 1,
    executions: [{ id: "x", workflow_id: workflow.id, status: "pending", phase: "queued", target_vus: 1 }],
  });
  expect(await executions.describeWorkflow(workflow.id)).toMatchObject({ status: "pending", executions: ["x"] });
  held.resolve();
  await taking;
  expect(await executions.list(query)).toMatchObject({ total: 1, executions: [{ id: "x", status: "pending" }] });
});

const source = { executionId: "x", slaveId: "s", incarnation: 1 };
const frame: Frame = {
  number: 1,
  second: 0,
  testTimeMs: 1_000,
  warmUp: false,
  series: [{ key: { metric: "http_reqs", type: "counter", tags: {} }, type: "counter", sum: 7 }],
  errors: [],
  vus: [],
  overflow: {},
  generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
};

/** What may be wrong with what an earlier master left, and what can still be told then. */
const spoilt: Record<string, { spoil(store: Store): Promise<unknown>; told: object; requests: number }> = {
  "a state that is none": {
    async spoil(store) {
      await store.writeCheckpoint("x", { token: await store.acquire("x"), state: { core: null } });
      await store.appendFrame(source, frame);
    },
    told: { degraded: true, reason: "internal" },
    requests: 7,
  },
  "a merged state that is none": {
    async spoil(store) {
      const token = await store.acquire("x");
      await store.writeCheckpoint("x", { token, state: {} });
      await store.writeSnapshot("x", token, { snapshot: null }, []);
    },
    told: { degraded: true, reason: "internal" },
    requests: 0,
  },
  "a workflow that is none": {
    spoil: (store) => store.putDocument("x", "submission", { workflow: { scenarios: null }, env: {} }),
    told: { degraded: false, reason: "start_failed" },
    requests: 0,
  },
  "no submission": {
    spoil: (store) => store.putDocument("x", "submission", null),
    told: {
      degraded: false,
      reason: "start_failed",
      events: [{ message: "it cannot be taken up: its submission is gone" }],
    },
    requests: 0,
  },
};

for (const [name, { spoil, told, requests }] of Object.entries(spoilt)) {
  test(`an execution that cannot be taken up has ended, with the reason in its record: ${name}`, async () => {
    const { executions, workflow, takeUp } = await findExecution(Promise.resolve(), spoil);
    await takeUp();
    const ended = { status: "failed", passed: false, ...told };
    const execution = await executions.describe("x");
    expect(execution).toMatchObject({ id: "x", workflow_id: workflow.id, phase: "done", ...ended });
    expect(execution?.events.at(-1)?.message).toMatch(/^it cannot be taken up: ./);
    const report = await executions.report("x");
    expect(report).toMatchObject({ execution_id: "x", ...ended });
    expect(report?.metrics["http_reqs"]?.values["count"] ?? 0).toBe(requests);
    expect(await executions.metrics("x")).toMatchObject({ total_requests: requests });
    expect((await executions.logs("x"))?.logs.map(({ level }) => level)).toEqual(["error"]);
    const list = await executions.list({ limit: 10, offset: 0 });
    expect(list).toMatchObject({ total: 1, executions: [{ id: "x", status: "failed" }] });
    expect(await executions.timeSeries("x", {})).not.toBeNull();
    const stop = { graceMs: null, force: false, reason: "stopped_by_api" } as const;
    await expect(executions.stop("x", stop)).resolves.toBeUndefined();
    expect(executions.count()).toEqual({ active: 0, pending: 0 });
  });
}
