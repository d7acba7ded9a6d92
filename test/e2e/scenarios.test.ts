import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";

/** A scenario whose requests tell its name and their slave. */
function createScenario(name: string, fields: object): object {
  const steps = [{ type: "http", config: { url: `/${name}`, headers: tellingHeaders }, think_time: "20ms" }];
  return { duration: "10m", steps, ...fields };
}

/** By scenario: the slaves that sent its requests, from the request of that number on. */
async function listSenders(target: CountingTarget, from = 0): Promise<Readonly<Record<string, readonly string[]>>> {
  const byPath = Map.groupBy((await target.list()).slice(from), ({ path }) => path.slice(1));
  return Object.fromEntries(
    [...byPath].map(([name, list]) => [name, [...new Set(list.map(({ slave }) => slave))].toSorted()]),
  );
}

const expectSenders = (target: CountingTarget, from: number) => expect.poll(() => listSenders(target, from));

const grow = async (target: CountingTarget, more: number) => {
  const before = await target.count();
  await waitUntil(
    async () => (await target.count()) >= before + more,
    30_000,
    () => "the load stands still",
  );
};

test("each scenario runs on the slaves that it selects, and so do those that take over and those that join; one is scaled alone", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  const east = ["--labels", "zone=east"];
  const killed = await cluster.addSlave("a", { args: east });
  await cluster.addSlave("b", { args: ["--labels", "zone=west", "--capabilities", "http_executor"] });
  await cluster.addSlave("c", { args: ["--labels", "zone=west"] });
  const scenarios = {
    anywhere: createScenario("anywhere", { vus: 6 }),
    east: createScenario("east", { vus: 4, target_slaves: { labels: { zone: "east" } } }),
    named: createScenario("named", { vus: 2, target_slaves: { slave_ids: ["b"] } }),
    scripted: {
      duration: "10m",
      vus: 4,
      steps: [
        { type: "script", script: "return 1" },
        { type: "http", config: { url: "/scripted", headers: tellingHeaders }, think_time: "20ms" },
      ],
    },
  };
  const options = {
    http: { base_url: target.url },
    thresholds: [{ metric: "http_req_failed{scenario:east}", condition: "rate < 1%" }],
  };
  const id = await cluster.submit({ id: "spread", options, scenarios });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 16);
  const spread = { anywhere: ["a", "b", "c"], east: ["a"], named: ["b"], scripted: ["a", "c"] };
  await expectSenders(target, 0).toEqual(spread);
  await grow(target, 300);
  expect(await listSenders(target)).toEqual(spread);

  killed.child.kill("SIGKILL");
  await cluster.waitFor(id, ({ slave_states: { a } }) => a === undefined || a.vus === 0);
  // Nobody else is in the east: its VUs wait for somebody who is.
  const lostAt = await target.count();
  const named = async () => Object.keys(await listSenders(target, lostAt)).toSorted();
  await expect.poll(named).toEqual(["anywhere", "named", "scripted"]);
  await grow(target, 200);
  expect(await named()).toEqual(["anywhere", "named", "scripted"]);
  await cluster.addSlave("d", { args: east });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 16);
  await expectSenders(target, lostAt).toHaveProperty("east");
  await grow(target, 300);
  const senders = await listSenders(target, lostAt);
  expect(senders["east"]).toEqual(["d"]);
  expect(senders["named"]).toEqual(["b"]);
  expect(senders["scripted"]).not.toContain("b");

  const scaled = await cluster.call("POST", `/executions/${id}/scale`, { target_vus: 7, scenario: "named" });
  expect(scaled).toMatchObject({ status: 200, body: { success: true, target_vus: 7 } });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 21);
  const scaledAt = await target.count();
  await expectSenders(target, scaledAt).toHaveProperty("named");
  await grow(target, 300);
  expect((await listSenders(target, scaledAt))["named"]).toEqual(["b"]);
  await cluster.call("DELETE", `/executions/${id}`);
  const report: Report = await cluster.finish(id);
  expect(report.thresholds).toMatchObject([{ metric: "http_req_failed{scenario:east}", passed: true }]);
});

test("a scenario that no slave can run is refused, and so is one that finds no room on those it selects", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a", { maxVus: 5, args: ["--labels", "zone=east"] });
  await cluster.addSlave("b", { maxVus: 50, args: ["--capabilities", "http_executor"] });
  const submit = (scenarios: object) =>
    cluster.call("POST", "/workflows", { workflow: { options: { http: { base_url: target.url } }, scenarios } });
  const anywhere = createScenario("anywhere", { vus: 50 });
  const east = (vus: number) => createScenario("east", { vus, target_slaves: { labels: { zone: "east" } } });
  expect(await submit({ anywhere, east: east(6) })).toMatchObject({
    status: 409,
    body: { error: "scheduling_failed", message: "not enough capacity: need 6 VUs, have 5" },
  });
  const far = createScenario("far", { vus: 1, target_slaves: { labels: { zone: "north" } } });
  expect(await submit({ anywhere, far })).toMatchObject({
    status: 409,
    body: { message: "no slaves found matching labels: zone=north" },
  });
  // Together they fit, although the first alone would take room of the second.
  expect(await submit({ anywhere, east: east(5) })).toMatchObject({ status: 201 });
  expect(await submit({ anywhere: createScenario("more", { vus: 1 }) })).toMatchObject({
    status: 409,
    body: { message: "not enough capacity: need 1 VUs, have 0" },
  });
});

test("one scenario is paused and resumed alone, on all slaves; its plan is done to the last start, later", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
  // As many VUs as make up for a machine that stands for seconds.
  const scenarios = {
    planned: createScenario("planned", { rate: 9, duration: "20s", max_vus: 90, pre_allocated_vus: 90 }),
    others: createScenario("others", { vus: 3 }),
    later: createScenario("later", { vus: 3, start_time: "20s", duration: "10m", tags: { kind: "late" } }),
  };
  const id = await cluster.submit({ id: "alone", options: { http: { base_url: target.url } }, scenarios });
  /** Each slave sends so many more of the others: what it had begun before is sent by then. */
  const goOn = async (more: number) => {
    const from = await target.count();
    const slowest = async () => {
      const sent = (await target.list()).slice(from).filter(({ path }) => path === "/others");
      return Math.min(...["a", "b", "c"].map((id) => sent.filter(({ slave }) => slave === id).length));
    };
    await waitUntil(
      async () => (await slowest()) >= more,
      30_000,
      () => "the others stand still",
    );
  };
  const countOf = async (name: string) => (await target.list()).filter(({ path }) => path === `/${name}`).length;
  await waitUntil(
    async () => (await countOf("planned")) >= 9,
    30_000,
    () => "the load stands still",
  );
  const later = { scenario: "later" };
  const answer = await cluster.call("POST", `/executions/${id}/pause`, later);
  expect(answer).toMatchObject({ status: 200, body: { success: true, status: "running" } });
  expect(await cluster.call("POST", `/executions/${id}/pause`, later)).toMatchObject({ status: 200 });
  const pause = ["executions", "pause", id, "--master", cluster.url, "--scenario", "planned"];
  const paused = await startCommand(pause, { deadlineMs: 170_000 }).finished;
  expect(paused).toMatchObject({ code: 0, stdout: `${id}: planned paused\n` });
  await goOn(20);
  const stood = await countOf("planned");
  const others = await countOf("others");
  await goOn(100);
  expect(await countOf("planned")).toBe(stood);
  expect(await countOf("later")).toBe(0);
  expect(await countOf("others")).toBeGreaterThanOrEqual(others + 300);
  const found = await cluster.call("GET", `/executions/${id}`);
  expect(found.body).toMatchObject({ status: "running", paused_scenarios: ["planned", "later"] });
  const shown = await startCommand(["executions", "get", id, "--master", cluster.url]).finished;
  expect(shown.stdout).toMatch(/^paused scenarios +planned, later$/m);
  // Beside it all may be paused and go on: it stands still.
  await cluster.call("POST", `/executions/${id}/pause`);
  await cluster.call("POST", `/executions/${id}/resume`);
  await goOn(30);
  expect(await countOf("planned")).toBe(stood);
  for (const scenario of ["planned", "later"]) {
    const resumed = await cluster.call("POST", `/executions/${id}/resume`, { scenario });
    expect(resumed).toMatchObject({ status: 200, body: { status: "running" } });
  }
  expect((await cluster.call("GET", `/executions/${id}`)).body).toMatchObject({ paused_scenarios: [] });
  expect(await cluster.call("POST", `/executions/${id}/pause`, { scenario: "none" })).toMatchObject({
    status: 404,
    body: { message: "there is no scenario none; there are: planned, others, later" },
  });
  expect(await cluster.call("POST", `/executions/${id}/pause`, { scenarios: "planned" })).toMatchObject({
    status: 400,
  });
  await waitUntil(
    async () => (await countOf("planned")) >= 180,
    60_000,
    () => "the plan is not done",
  );
  await waitUntil(
    async () => (await countOf("later")) > 0,
    60_000,
    () => "the later one never starts",
  );
  await cluster.call("DELETE", `/executions/${id}`);
  const report: Report = await cluster.finish(id);
  const dropped = report.metrics["dropped_iterations"]?.values["count"] ?? 0;
  expect((await countOf("planned")) + dropped).toBe(180);
  expect(report.events.map(({ type, message }) => `${type} ${message.split(":")[0]}`)).toEqual(
    expect.arrayContaining(["paused planned", "paused later", "resumed planned", "resumed later"]),
  );
});

test("start_time, mode, tags and max_slaves of a scenario hold on slaves as on one machine", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
  const scenarios = {
    few: createScenario("few", { vus: 4, duration: "3s", target_slaves: { max_slaves: 1 } }),
    shared: createScenario("shared", { mode: "shared-iterations", iterations: 50, vus: 3 }),
    late: createScenario("late", {
      rate: 20,
      duration: "1s",
      max_vus: 60,
      pre_allocated_vus: 60,
      start_time: "2s",
      tags: { kind: "late" },
    }),
  };
  const options = {
    http: { base_url: target.url },
    thresholds: [
      { metric: "http_reqs{kind:late}", condition: "count == 20" },
      { metric: "iterations{scenario:shared}", condition: "count == 50" },
    ],
  };
  const id = await cluster.submit({ id: "fields", options, scenarios });
  const report: Report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  const all = await target.list();
  const sent = Map.groupBy(all, ({ path }) => path);
  expect(new Set(sent.get("/few")?.map(({ slave }) => slave)).size).toBe(1);
  expect(sent.get("/shared")?.length).toBe(50);
  expect(new Set(sent.get("/shared")?.map(({ iteration }) => iteration)).size).toBe(50);
  expect(sent.get("/late")?.length).toBe(20);
  // Slaves on this machine know its clock to some milliseconds.
  const begun = (sent.get("/late")?.[0]?.at ?? 0) - Date.parse(report.start_time ?? "");
  expect(begun).toBeGreaterThan(1_900);
});
