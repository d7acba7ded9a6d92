import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { EngineError } from "../errors.ts";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import type { Frame } from "../protocol/frame.ts";
import { linkVersion, type ToSlave } from "../protocol/link.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { findExecution as findInApi } from "./api/find-execution.ts";
import { createArchive } from "./archive.ts";
import { createExecutions } from "./create-executions.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";
import { createSteering } from "./steering.ts";
import { createRow } from "./stored-execution.ts";

/**
 * A master that finds one execution in its store, which lets it have that when `held` resolves; `spoil`: what is in the
 * store; `unable`: does the store fail at this call at present?
 */
async function findExecution(
  held: Promise<void>,
  spoil: (store: Store) => Promise<unknown> = () => Promise.resolve(),
  unable: (call: string) => boolean = () => false,
) {
  const memory = createMemoryStore();
  const load = { mode: "constant-vus", vus: 1, durationMs: 60_000, rampUpMs: 0 } as const;
  const workflow = createWorkflow([createScenario(load)]);
  await memory.putDocument("x", "submission", { workflow, env: {}, hadSecrets: false, queue: true });
  await memory.putIndex(createRow({ id: "x", workflow, createdAt: 0, vus: 1 }, "pending", null));
  await spoil(memory);
  const fail = (call: string) => {
    if (unable(call)) throw new EngineError("internal_error", `the store failed at ${call}: database is locked`);
  };
  const store: Store = {
    ...memory,
    async acquire(id) {
      await held;
      fail(`acquire ${id}`);
      return memory.acquire(id);
    },
    async readFrames(id) {
      fail(`readFrames ${id}`);
      return memory.readFrames(id);
    },
    async putDocument(id, name, value) {
      fail(`putDocument ${id}`);
      return memory.putDocument(id, name, value);
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
  return { executions, workflow, takeUp: () => steering.takeUp(), steering, registry, clock };
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

test("an execution that the store cannot give yet is tried again; meanwhile nobody calls it unknown, and nothing waits for it", async () => {
  let locked = true;
  const addSecond = async (store: Store) => {
    const submission = await store.getDocument("x", "submission");
    await store.putDocument("y", "submission", submission);
    const { rows } = await store.listIndex({ limit: 1, offset: 0 });
    for (const row of rows) await store.putIndex({ ...row, executionId: "y", createdAt: 1 });
  };
  const master = await findExecution(Promise.resolve(), addSecond, (call) => locked && call === "acquire x");
  const { executions, workflow, takeUp, steering, registry, clock } = master;
  await takeUp();
  expect([executions.ready, executions.isAwaited("x"), executions.isAwaited("y")]).toEqual([true, true, false]);
  expect(await executions.describe("y")).toMatchObject({ status: "pending" });
  const stop = { graceMs: null, force: false, reason: "stopped_by_api" } as const;
  for (const call of [
    executions.pause("x", null),
    executions.scale("x", { target: 1, of: "vus", scenario: null, overMs: 0 }),
    executions.purge("x"),
    executions.stop("x", stop),
    executions.stopWorkflow(workflow.id, stop),
    findInApi(executions, "x", (id) => executions.describe(id)),
  ])
    await expect(call).rejects.toMatchObject({ code: "not_ready" });
  expect((await executions.list({ limit: 10, offset: 0 })).executions.map(({ id }) => id)).toEqual(["y", "x"]);
  expect(executions.count()).toEqual({ active: 0, pending: 2 });
  // Its slaves are not told that nobody knows it.
  const sent: string[] = [];
  const slave = { id: "s", type: "worker", address: "", capabilities: [], labels: {}, max_vus: 1 } as const;
  const link = { send: (message: ToSlave) => sent.push(message.type), close: () => undefined, bufferedBytes: 0 };
  await registry.connect({ type: "hello", version: 1, engine: "1", instance: "i", slave, drained: false }, link);
  const fact = { type: "heartbeat", sequence: 1, lastFrame: null, suspended: false, seen: [0, 0] } as const;
  steering.receive("s", { type: "fact", execution: "x", incarnation: 1, fact });
  await steering.settled();
  expect(sent).toEqual([]);
  await clock.turn(30_000);
  expect(executions.isAwaited("x")).toBe(true);
  locked = false;
  await clock.turn(5_000);
  expect(executions.isAwaited("x")).toBe(false);
  expect(await executions.describe("x")).toMatchObject({ status: "pending", reason: null });
});

test("a store that stays unable is waited for two minutes; then the execution ends", async () => {
  const { executions, takeUp, clock } = await findExecution(
    Promise.resolve(),
    () => Promise.resolve(),
    (call) => call === "acquire x",
  );
  await takeUp();
  await clock.turn(115_000);
  expect(executions.isAwaited("x")).toBe(true);
  await clock.turn(15_000);
  const message = "it cannot be taken up: the store failed at acquire x: database is locked";
  expect(await executions.describe("x")).toMatchObject({ status: "failed", events: [{ message }] });
  expect(executions.isAwaited("x")).toBe(false);
});

test("one that its own record does not let go on ends at once, with all that a store can give that was unable for a while", async () => {
  const { spoil } = spoilt["a state that is none"] ?? {};
  let locked = "readFrames x";
  let reads = 0;
  const { executions, takeUp, clock } = await findExecution(Promise.resolve(), spoil, (call) => {
    if (call !== "readFrames x") return call === locked;
    // The first one is of the attempt to take it up.
    return ++reads > 1 && call === locked;
  });
  await takeUp();
  await clock.turn(20_000);
  expect([executions.isAwaited("x"), await executions.describe("x")]).toEqual([true, null]);
  locked = "putDocument x";
  await clock.turn(20_000);
  expect([executions.isAwaited("x"), await executions.describe("x")]).toEqual([true, null]);
  locked = "";
  await clock.turn(5_000);
  const execution = await executions.describe("x");
  expect(execution).toMatchObject({ status: "failed", degraded: true, reason: "internal" });
  expect(await executions.metrics("x")).toMatchObject({ total_requests: 7 });
});

test("a scale for the start is refused as one of a running load; what only the start can know is in the history", async () => {
  const { executions, takeUp, registry, clock } = await findExecution(Promise.resolve());
  await takeUp();
  const scale = (target: number, of: "vus" | "rate" = "vus") =>
    executions.scale("x", { target, of, scenario: null, overMs: 0 });
  await expect(scale(2, "rate")).rejects.toMatchObject({ code: "conflict" });
  await expect(scale(1.5)).rejects.toMatchObject({ code: "invalid_request" });
  // It waits for room, which nobody knows yet.
  expect(await scale(100_000)).toBe(100_000);
  const slave = { id: "s", type: "worker", address: "", capabilities: [], labels: {}, max_vus: 1 } as const;
  const link = { send: () => undefined, close: () => undefined, bufferedBytes: 0 };
  const hello = { type: "hello", version: linkVersion, engine: "1", instance: "i", slave, drained: false } as const;
  await registry.connect(hello, link);
  await clock.turn(2_000);
  const message =
    "default was not scaled to 100000, as was asked for its start: not enough capacity: need 100000 VUs, have 1";
  expect((await executions.describe("x"))?.events).toMatchObject([{ type: "capacity_short", message }]);
});

test("a named slave without room takes no part, and the history says so", async () => {
  const target = {
    mode: "manual",
    slaveIds: ["a", "c"],
    labels: {},
    capabilities: [],
    minSlaves: 1,
    maxSlaves: null,
  } as const;
  const { executions, takeUp, registry, clock } = await findExecution(Promise.resolve(), async (store) => {
    const load = { mode: "constant-vus", vus: 2, durationMs: 60_000, rampUpMs: 0 } as const;
    const workflow = createWorkflow([createScenario(load)], { targetSlaves: target });
    await store.putDocument("x", "submission", { workflow, env: {}, hadSecrets: false, queue: false });
  });
  await takeUp();
  for (const [id, room] of [
    ["a", 2],
    ["c", 0],
  ] as const) {
    const slave = { id, type: "worker", address: "", capabilities: [], labels: {}, max_vus: room } as const;
    const link = { send: () => undefined, close: () => undefined, bufferedBytes: 0 };
    const hello = { type: "hello", version: linkVersion, engine: "1", instance: id, slave, drained: false } as const;
    await registry.connect(hello, link);
  }
  await clock.turn(2_000);
  expect(await executions.describe("x")).toMatchObject({
    phase: "preparing",
    slave_states: { a: { status: "preparing" } },
    events: [
      { type: "capacity_short", slave_id: "c", message: "c was named and has no room: the others run its part" },
    ],
  });
});
