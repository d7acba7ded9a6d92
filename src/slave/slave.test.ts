import { expect, test } from "vitest";
import { waitUntil } from "../../test/support/cluster.ts";
import { type CountingTarget, countQuiet, startTestTarget } from "../../test/support/counting-target.ts";
import {
  type HandOwner,
  planWorkflow,
  shortTimeoutMs,
  startHandOwner,
  sumCounter,
} from "../../test/support/hand-owner.ts";
import { cutPlan } from "../plan/cut-plan.ts";
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

/** Waits until its load has begun at the target. */
async function loaded(target: CountingTarget, count = 20): Promise<void> {
  await waitUntil(
    async () => (await target.count()) > count,
    30_000,
    () => "no load",
  );
}

/** Waits until every request in a frame has come to the target; gives how many. */
async function expectCounted(owner: HandOwner, execution: string, target: CountingTarget): Promise<number> {
  const count = sumCounter(owner.frames(execution), "http_reqs");
  await expect.poll(() => target.count()).toBeGreaterThanOrEqual(count);
  expect(await countQuiet(target)).toBe(count);
  return count;
}

/** Ends the load of an execution; what runs goes to its end. */
function stop(owner: HandOwner, execution: string): void {
  owner.order(execution, { type: "stop", command: "stop", graceMs: 30_000 });
}

test("an execution from prepare to close: every request is in a frame, and its agent is freed", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "10m"));
  await waitUntil(
    () => Promise.resolve(owner.slave.status.active_vus === 5),
    30_000,
    () => "no VUs",
  );
  await loaded(target, 100);
  stop(owner, "e1");
  await owner.seen("e1", "done");
  owner.order("e1", { type: "close" });
  await owner.seen("e1", "closed");
  expect(await expectCounted(owner, "e1", target)).toBeGreaterThan(100);
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
  await expectCounted(owner, "e1", target);
});

test("what an ended run measured waits for an owner that comes back after its leases", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner({ timeoutMs: shortTimeoutMs });
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
  await expectCounted(owner, "e1", target);
});

test("without renewals nothing is sent after the lease; with them the load goes on", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner({ timeoutMs: shortTimeoutMs });
  await owner.start("e1", planLoad(target.url, "10m"));
  await loaded(target);
  owner.renews = false;
  await waitUntil(
    () => Promise.resolve(owner.slave.agents.list()[0]?.phase === "suspended"),
    30_000,
    () => "not suspended",
  );
  expect(owner.slave.agents.list()[0]?.leaseLeftMs).toBe(0);
  const atTheEnd = await countQuiet(target);
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
  const owner = await startHandOwner({ timeoutMs: shortTimeoutMs });
  await owner.start("e1", planLoad(target.url, "10m"));
  await loaded(target);
  owner.cut();
  await waitUntil(
    () => Promise.resolve(owner.slave.agents.list()[0]?.phase === "suspended"),
    30_000,
    () => "not suspended",
  );
  const atTheEnd = await countQuiet(target);
  await wait(700);
  expect(await target.count()).toBe(atTheEnd);
});

test("an execution that its master has forgotten ends by itself", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner({ orphanMs: 5_000 });
  await owner.start("e1", planLoad(target.url, "10m"));
  owner.cut();
  await gone(owner);
  expect(owner.logged).toContain("warn: no word from its master for 5 s, it ends here");
});

test("two executions at once, each with its own frames and end", { timeout: 60_000 }, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await Promise.all([
    owner.start("e1", planLoad(`${target.url}/one`, "10m")),
    owner.start("e2", planLoad(`${target.url}/two`, "10m", 3)),
  ]);
  await waitUntil(
    () => Promise.resolve(owner.slave.status.active_vus === 8),
    30_000,
    () => String(owner.slave.status.active_vus),
  );
  await loaded(target, 100);
  stop(owner, "e1");
  await owner.seen("e1", "done");
  // The other one goes on.
  await loaded(target, (await target.count()) + 50);
  stop(owner, "e2");
  await owner.seen("e2", "done");
  await countQuiet(target);
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
  await owner.start("e1", planLoad(target.url, "10m"));
  owner.order("e1", { type: "ack", through: 0 }, { token: 3 });
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 2 });
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 3, incarnation: 2 });
  const applied = () => owner.facts("e1").flatMap((fact) => (fact.type === "applied" ? [fact.command] : []));
  // Orders are carried out one after the other.
  owner.order("e1", { type: "pause", command: "p", serial: 1, atMs: 0 }, { token: 3 });
  await owner.seen("e1", "applied");
  expect(applied()).toEqual(["p"]);
  owner.order("e1", { type: "stop", command: "c", graceMs: 0 }, { token: 3 });
  await owner.seen("e1", "done");
  expect(applied()).toEqual(["p", "c"]);
});

test("of an execution that it does not know a slave says that it has no such source, and nothing else", async () => {
  const owner = await startHandOwner();
  owner.order("old", { type: "renew", sequence: 1, ownerWallMs: 0 });
  owner.order("old", { type: "expel" });
  owner.order("old", { type: "stop", command: "c", graceMs: 0 });
  owner.order("old", { type: "close" });
  await owner.seen("old", "closed");
  expect(owner.facts("old")).toEqual([{ type: "closed", lastFrame: null }]);
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
  await expectCounted(owner, "good", target);
});

test("an expelled execution ends its load, reports it and is freed without being closed", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "10m"));
  await loaded(target);
  owner.order("e1", { type: "expel" });
  await owner.seen("e1", "done");
  const atTheEnd = await expectCounted(owner, "e1", target);
  await gone(owner);
  expect(await target.count()).toBe(atTheEnd);
});

test("an execution that its master forgets before its start is freed, and a draining slave does not wait for it", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const plan = planLoad(target.url, "10m");
  const [share] = cutPlan(plan, [1]);
  if (share === undefined) throw new Error("no share");
  owner.order("e1", { type: "prepare", executionId: "e1", plan, inputs: { env: {}, secrets: {} }, share });
  await owner.seen("e1", "prepared");
  owner.order("e1", { type: "expel" });
  await owner.seen("e1", "closed");
  await gone(owner);
  await owner.slave.drain(20_000);
  expect(owner.logged.filter((line) => line.startsWith("warn"))).toEqual([]);
  expect(await target.count()).toBe(0);
});

test("a draining slave waits for its VUs to be taken, then leaves with all that it measured", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const plan = planLoad(target.url, "10m");
  await owner.start("e1", plan);
  await loaded(target);
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
  await expectCounted(owner, "e1", target);
  expect(owner.logged.filter((line) => line.startsWith("warn"))).toEqual([]);
});

test("a draining slave whose VUs nobody takes leaves in time, with all that it measured", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  await owner.start("e1", planLoad(target.url, "10m"));
  await loaded(target);
  const from = performance.now();
  await owner.slave.drain(600);
  // Its load would go on for ten minutes.
  expect(performance.now() - from).toBeLessThan(45_000);
  expect(owner.logged).toContain("warn: leaving with VUs that nobody took over");
  await expectCounted(owner, "e1", target);
});

test("a process answers for its own sources alone: of one that it never had it says so, of one that ended it knows the last frame", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const plan = planLoad(target.url, "500ms");
  owner.order("of another process", { type: "close" });
  await owner.seen("of another process", "closed");
  expect(owner.facts("of another process")).toEqual([{ type: "closed", lastFrame: null }]);
  await owner.start("e1", plan);
  await owner.seen("e1", "done");
  owner.order("e1", { type: "close" });
  await owner.seen("e1", "closed");
  await gone(owner);
  const before = owner.facts("e1").length;
  const [share] = cutPlan(plan, [1]);
  if (share === undefined) throw new Error("no share");
  // An owner that was restored from an older state: frames of that source would begin at 1 again.
  owner.order("e1", { type: "prepare", executionId: "e1", plan, inputs: { env: {}, secrets: {} }, share });
  owner.order("e1", { type: "close" });
  owner.order("e1", { type: "close" }, { incarnation: 2 });
  await waitUntil(
    () => Promise.resolve(owner.facts("e1").length === before + 2),
    30_000,
    () => JSON.stringify(owner.facts("e1").slice(before)),
  );
  const last = owner.frames("e1").at(-1)?.number;
  expect(last).toBeGreaterThan(0);
  expect(owner.facts("e1").slice(before)).toEqual([
    { type: "closed", lastFrame: last },
    { type: "closed", lastFrame: null },
  ]);
  expect(owner.slave.agents.list()).toEqual([]);
});

test("an owner that took over has the slave go on with what it was given, or made in setup; one that has nothing says so", async () => {
  const target = await startTestTarget();
  const owner = await startHandOwner();
  const script = (text: string) => [{ id: text.slice(0, 3), type: "script", config: { script: text } }];
  const plan = planWorkflow({
    options: { vus: 1, duration: "10m", think_time: "5m" },
    setup: script('vars.set("made", "of a secret")'),
    steps: [{ id: "get", type: "http", config: { url: target.url, headers: { "x-slave": "${made}" } } }],
    teardown: [{ id: "end", type: "http", config: { url: target.url, headers: { "x-slave": "end ${made}" } } }],
  });
  const [share] = cutPlan(plan, [1]);
  if (share === undefined) throw new Error("no share");
  const prepare = async (execution: string) => {
    const inputs = { env: {}, secrets: {} };
    owner.order(execution, { type: "prepare", executionId: execution, plan, inputs, share });
    await owner.seen(execution, "prepared");
  };
  await prepare("made");
  owner.order("made", { type: "setup" });
  await owner.seen("made", "setup_done");
  owner.order("made", { type: "start", shared: null, inMs: 0 }, { token: 2 });
  await prepare("given");
  owner.order("given", { type: "start", shared: { made: "elsewhere" }, inMs: 0 });
  await prepare("none");
  owner.order("none", { type: "start", shared: null, inMs: 0 }, { token: 2 });
  await owner.seen("none", "prepare_failed");
  await loaded(target, 1);
  for (const execution of ["made", "given"]) {
    owner.order(execution, { type: "stop", command: "stop", graceMs: 0 }, { token: 2 });
    await owner.seen(execution, "done");
    owner.order(execution, { type: "teardown", shared: null }, { token: 2 });
    await owner.seen(execution, "teardown_done");
  }
  const sent = (await target.list()).map(({ slave }) => slave);
  expect(sent.toSorted()).toEqual(["elsewhere", "end elsewhere", "end of a secret", "of a secret"]);
});
