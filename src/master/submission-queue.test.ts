import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Execution, StreamMessage } from "../protocol/rest.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { RegisteredSlave } from "./registered-slave.ts";
import { createRoomLedger } from "./room-ledger.ts";
import { createSubmissionQueue } from "./submission-queue.ts";
import { createTrackedWork } from "./tracked-work.ts";

const timeoutMs = 8_000;
const reason = "not enough slaves available: need 1, have 0; no slave came for it within 8000 ms";

/** A queue that holds what an earlier master left, `ids`, with places for two; slaves come and go in `slaves`. */
async function createQueue(ids: readonly string[]) {
  const clock = createTurnedClock();
  const store = createMemoryStore();
  const slaves: RegisteredSlave[] = [];
  const running = new Set<string>();
  const work = createTrackedWork(() => undefined);
  const queue = createSubmissionQueue({
    store,
    registry: { list: () => slaves },
    ledger: createRoomLedger(),
    clock,
    work,
    files: { keep: () => Promise.resolve() },
    limits: { maxExecutions: 2, queueSize: 10, timeoutMs },
    engineVersion: "1",
    countActive: () => running.size,
    start: ({ card }) => running.add(card.id),
  });
  const workflow = createWorkflow([createScenario({ mode: "constant-vus", vus: 1, durationMs: 60_000, rampUpMs: 0 })]);
  const plan = makePlan(workflow);
  for (const id of ids) {
    const submission = { workflow, inputs: { env: {}, secrets: {} }, queue: false, upload: null };
    queue.enqueue({ id, workflow, createdAt: 0, vus: 1 }, submission, plan, await store.acquire(id));
  }
  /** As the master does: once a second. */
  const turn = async (ms: number) => {
    queue.pump();
    for (let at = 0; at < ms; at += 1_000) {
      await clock.turn(1_000);
      queue.pump();
    }
    await work.settled();
  };
  const idsOf = () => queue.waiting.map(({ card }) => card.id);
  return { store, queue, slaves, running, turn, idsOf };
}

function createSlave(id: string): RegisteredSlave {
  return {
    card: { id, type: "worker", address: "", capabilities: [], labels: {}, max_vus: 100 },
    version: "1",
    instance: id,
    state: "online",
    status: null,
    drained: false,
    heldVus: 0,
    tasks: 0,
    lastSeen: 0,
  };
}

test("what waits when its slaves are away starts once they are back", async () => {
  const { slaves, running, turn, idsOf } = await createQueue(["a", "b"]);
  await turn(timeoutMs - 1_000);
  expect(idsOf()).toEqual(["a", "b"]);
  slaves.push(createSlave("s"));
  await turn(0);
  expect([idsOf(), [...running]]).toEqual([[], ["a", "b"]]);
});

test("what has a place and no slaves for a whole heartbeat timeout ends, and its record and its watchers hear why", async () => {
  const { store, queue, running, turn, idsOf } = await createQueue(["a"]);
  running.add("x").add("y");
  await turn(3 * timeoutMs);
  expect(idsOf()).toEqual(["a"]);
  const told: StreamMessage[] = [];
  queue.waiting[0]?.watch((message) => told.push(message));
  running.clear();
  await turn(timeoutMs - 1_000);
  expect(idsOf()).toEqual(["a"]);
  await turn(1_000);
  expect(idsOf()).toEqual([]);
  const events = [{ time: expect.any(String), type: "stopped", message: reason }];
  const ended = { status: "failed", reason: "start_failed", events };
  expect((await store.getDocument("a", "execution")) as Execution).toMatchObject(ended);
  expect(told.slice(1)).toMatchObject([
    { type: "event", event: events[0] },
    { type: "complete", status: "failed", report: ended },
  ]);
});

test("slaves that were back in between are waited for anew", async () => {
  const { slaves, running, turn, idsOf } = await createQueue(["a"]);
  await turn(timeoutMs - 1_000);
  // Its link is there, its room is not.
  slaves.push({ ...createSlave("s"), heldVus: 100, state: "busy" });
  await turn(1_000);
  slaves.pop();
  await turn(timeoutMs - 1_000);
  expect(idsOf()).toEqual(["a"]);
  slaves.push(createSlave("s"));
  await turn(0);
  expect([...running]).toEqual(["a"]);
});

test("a scale that no slaves have room for, even once they are idle, is refused while it waits for its turn", async () => {
  const { slaves, queue } = await createQueue(["a"]);
  slaves.push({ ...createSlave("s"), heldVus: 100, state: "busy" });
  const [queued] = queue.waiting;
  if (queued === undefined) throw new Error("nobody waits");
  const request = { scenario: "default", of: "vus", overMs: 0 } as const;
  expect(() => queue.scale(queued, { ...request, target: 101 })).toThrow(
    expect.objectContaining({ code: "conflict", message: "not enough capacity: need 101 VUs, have 100" }),
  );
  queue.scale(queued, { ...request, target: 100 });
  expect(queued.scales.map(({ target }) => target)).toEqual([100]);
});
