import { expect, test } from "vitest";
import { waitUntil } from "../../test/support/cluster.ts";
import { type CountingTarget, startTestTarget } from "../../test/support/counting-target.ts";
import { type HandOwner, planWorkflow, startHandOwner, sumCounter } from "../../test/support/hand-owner.ts";
import type { Plan } from "../protocol/plan.ts";

function planLoad(url: string, duration: string, vus = 5): Plan {
  return planWorkflow({
    options: { vus, duration, think_time: "20ms" },
    steps: [{ id: "get", type: "http", config: { url } }],
  });
}

async function gone(owner: HandOwner): Promise<void> {
  await waitUntil(
    () => Promise.resolve(owner.slave.agents.list().length === 0),
    30_000,
    () =>
      `still there: ${owner.slave.agents
        .list()
        .map(({ phase }) => phase)
        .join()}`,
  );
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for what is on its way: until the target has counted the same for a while. Gives that count. */
async function settle(target: CountingTarget): Promise<number> {
  for (let before = -1; ; await wait(100)) {
    const count = await target.count();
    if (count === before) return count;
    before = count;
  }
}

test("an execution from prepare to close: every request is in a frame, and its agent is freed", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "1.5s"));
  await waitUntil(
    () => Promise.resolve(owner.slave.status.active_vus === 5),
    30_000,
    () => "no VUs",
  );
  await owner.seen("e1", "done");
  owner.order("e1", { type: "close" });
  await owner.seen("e1", "closed");
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(await target.count());
  expect(await target.count()).toBeGreaterThan(100);
  await gone(owner);
  expect(owner.slave.status.active_vus).toBe(0);
});

test("frames that were not acknowledged come again after a cut, the same and in order", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  owner.acknowledges = false;
  await owner.start("e1", planLoad(target.url, "2500ms"));
  await waitUntil(
    () => Promise.resolve(owner.frames("e1").length >= 1),
    30_000,
    () => "no frame",
  );
  const first = owner.frames("e1")[0];
  owner.cut();
  await wait(1_000);
  await owner.join();
  await owner.seen("e1", "done");
  const numbers = owner.facts("e1").flatMap((fact) => (fact.type === "frame" ? [fact.frame.number] : []));
  expect(numbers.filter((number) => number === 1).length).toBeGreaterThan(1);
  expect(owner.frames("e1")[0]).toEqual(first);
  expect(owner.frames("e1").map(({ number }) => number)).toEqual(owner.frames("e1").map((_, at) => at + 1));
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(await target.count());
});

test("what an ended run measured waits for an owner that comes back after its leases", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  owner.acknowledges = false;
  await owner.start("e1", planLoad(target.url, "500ms"));
  await owner.seen("e1", "done");
  owner.order("e1", { type: "close" });
  await owner.seen("e1", "closed");
  owner.cut();
  // Its H is 2 s.
  await wait(3_000);
  owner.acknowledges = true;
  expect(owner.slave.agents.list().map(({ settled }) => settled)).toEqual([false]);
  await owner.join();
  await gone(owner);
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(await target.count());
});

test("without renewals nothing is sent after the lease; with them the load goes on", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "20s"));
  await waitUntil(
    async () => (await target.count()) > 20,
    30_000,
    () => "no load",
  );
  owner.renews = false;
  await waitUntil(
    () => Promise.resolve(owner.slave.agents.list()[0]?.phase === "suspended"),
    30_000,
    () => "not suspended",
  );
  expect(owner.slave.agents.list()[0]?.leaseLeftMs).toBe(0);
  const atTheEnd = await settle(target);
  await wait(700);
  expect(await target.count()).toBe(atTheEnd);
  owner.renews = true;
  await waitUntil(
    async () => (await target.count()) > atTheEnd + 50,
    30_000,
    () => "it does not go on",
  );
});

test("a cut of the link ends the load with the lease", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "20s"));
  await waitUntil(
    async () => (await target.count()) > 20,
    30_000,
    () => "no load",
  );
  owner.cut();
  await waitUntil(
    () => Promise.resolve(owner.slave.agents.list()[0]?.phase === "suspended"),
    30_000,
    () => "not suspended",
  );
  const atTheEnd = await settle(target);
  await wait(700);
  expect(await target.count()).toBe(atTheEnd);
});

test("an execution that its master has forgotten ends by itself", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner(1_200);
  await owner.start("e1", planLoad(target.url, "60s"));
  owner.cut();
  await gone(owner);
  expect(owner.logged).toContain("warn: no word from its master for 1 s, it ends here");
});

test("two executions at once, each with its own frames and end", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await Promise.all([
    owner.start("e1", planLoad(`${target.url}/one`, "2500ms")),
    owner.start("e2", planLoad(`${target.url}/two`, "3s", 3)),
  ]);
  await waitUntil(
    () => Promise.resolve(owner.slave.status.active_vus === 8),
    30_000,
    () => String(owner.slave.status.active_vus),
  );
  await Promise.all([owner.seen("e1", "done"), owner.seen("e2", "done")]);
  const arrivals = await target.list();
  for (const [execution, path] of [
    ["e1", "/one"],
    ["e2", "/two"],
  ] as const) {
    expect(sumCounter(owner.frames(execution), "http_reqs")).toBe(
      arrivals.filter((arrival) => arrival.path === path).length,
    );
  }
});

test("orders of an older owner are ignored", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "5s"));
  owner.order("e1", { type: "ack", through: 0 }, { token: 3 });
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 2 });
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 3, incarnation: 2 });
  await wait(500);
  expect(owner.facts("e1").some(({ type }) => type === "applied")).toBe(false);
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 3 });
  await owner.seen("e1", "done");
});

test("of an execution that it does not know a slave says closed, and nothing else", async () => {
  const owner = await startHandOwner();
  owner.order("old", { type: "renew", sequence: 1, ownerWallMs: 0 });
  owner.order("old", { type: "expel" });
  owner.order("old", { type: "stop", command: "c", graceMs: 0 });
  owner.order("old", { type: "close" });
  await owner.seen("old", "closed");
  expect(owner.facts("old")).toEqual([{ type: "closed", lastFrame: 0 }]);
  expect(owner.slave.agents.list()).toEqual([]);
});

test("a plan that breaks the engine is that execution's fault alone", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const running = owner.start("good", planLoad(target.url, "1500ms"));
  const plan = planLoad(target.url, "1s");
  const broken = { ...plan, workflow: { ...plan.workflow, scenarios: "none", setup: 7 } } as unknown as Plan;
  const share = { scenarios: [] };
  owner.order("bad", { type: "prepare", executionId: "bad", plan: broken, inputs: { env: {}, secrets: {} }, share });
  await waitUntil(
    () => Promise.resolve(owner.facts("bad").some(({ type }) => type === "fault" || type === "prepare_failed")),
    30_000,
    () => JSON.stringify(owner.facts("bad")),
  );
  await running;
  await owner.seen("good", "done");
  expect(sumCounter(owner.frames("good"), "http_reqs")).toBe(await target.count());
});

test("an expelled execution ends its load, reports it and is freed without being closed", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "60s"));
  await waitUntil(
    async () => (await target.count()) > 20,
    30_000,
    () => "no load",
  );
  owner.order("e1", { type: "expel" });
  await owner.seen("e1", "done");
  const atTheEnd = await target.count();
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(atTheEnd);
  await gone(owner);
  expect(await target.count()).toBe(atTheEnd);
});

test("a draining slave waits for its VUs to be taken, then leaves with all that it measured", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const plan = planLoad(target.url, "60s");
  await owner.start("e1", plan);
  await waitUntil(
    async () => (await target.count()) > 20,
    30_000,
    () => "no load",
  );
  let over = false;
  const drained = owner.slave.drain(20_000).then(() => {
    over = true;
  });
  expect(owner.slave.status.draining).toBe(true);
  await wait(700);
  expect(over).toBe(false);
  const none = { scenarios: [{ vus: [], arrivals: [], iterations: [] }] };
  owner.order("e1", { type: "release", epoch: 1, share: none });
  await owner.seen("e1", "released");
  await drained;
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(await target.count());
  expect(owner.logged.filter((line) => line.startsWith("warn"))).toEqual([]);
});

test("a draining slave whose VUs nobody takes leaves in time, with all that it measured", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "60s"));
  await waitUntil(
    async () => (await target.count()) > 20,
    30_000,
    () => "no load",
  );
  const from = performance.now();
  await owner.slave.drain(600);
  // Its load would go on for a minute.
  expect(performance.now() - from).toBeLessThan(10_000);
  expect(owner.logged).toContain("warn: leaving with VUs that nobody took over");
  expect(sumCounter(owner.frames("e1"), "http_reqs")).toBe(await target.count());
});
