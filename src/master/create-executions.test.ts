import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { createArchive } from "./archive.ts";
import { createExecutions } from "./create-executions.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";
import { createSteering } from "./steering.ts";
import { createRow } from "./stored-execution.ts";

/** A master that finds one execution in its store, which lets it have that when `held` resolves. */
async function findExecution(held: Promise<void>) {
  const memory = createMemoryStore();
  const load = { mode: "constant-vus", vus: 1, durationMs: 60_000, rampUpMs: 0 } as const;
  const workflow = createWorkflow([createScenario(load)]);
  await memory.putDocument("x", "submission", { workflow, env: {}, hadSecrets: false, queue: true });
  await memory.putIndex(createRow({ id: "x", workflow, createdAt: 0, vus: 1 }, "pending", null));
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
