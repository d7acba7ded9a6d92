import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { createFolder } from "../support/workflows.ts";

const timeout = 240_000;
const workflow = { id: "下单", options: { iterations: 1 }, steps: [{ type: "sleep", config: { duration: "1ms" } }] };

async function countExecutions(cluster: Cluster): Promise<number> {
  const { body } = await cluster.call("GET", "/executions");
  return Number(body["total"]);
}

/** Sends a submit under a key; gives status, whether it is a replay, and body. */
async function submit({ url }: Cluster, key: string, body: object = { workflow }) {
  const response = await fetch(`${url}/api/v1/workflows`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, replayed: response.headers.get("idempotent-replayed"), body: answer };
}

/** Listens before a port and cuts the first connections when their answer comes; the master has acted then. */
async function startAnswerThief(port: number, thefts: number): Promise<{ readonly url: string; stolen(): number }> {
  let stolen = 0;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.pipe(far);
    far.on("data", (chunk) => {
      if (stolen >= thefts) return near.write(chunk);
      stolen++;
      near.resetAndDestroy();
      return far.destroy();
    });
    far.on("close", () => near.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stolen: () => stolen };
}

test("a submit is done once under its key: at once, later, and after the master was killed", { timeout }, async () => {
  const cluster = await startCluster({ dataDir: createFolder(), heartbeatTimeout: "60s" });
  await cluster.addSlave("a");
  const answers = await Promise.all(Array.from({ length: 20 }, () => submit(cluster, "k1")));
  const [first] = answers;
  expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toEqual(
    new Set([JSON.stringify([201, first?.body])]),
  );
  expect(answers.filter(({ replayed }) => replayed === null).length).toBe(1);
  expect(await submit(cluster, "k1", { workflow, tags: { other: "yes" } })).toMatchObject({
    status: 409,
    body: { error: "conflict" },
  });
  await cluster.finish(String(first?.body["execution_id"]));
  await cluster.restartMaster(0);
  await expect.poll(() => submit(cluster, "k1").catch(() => null)).toMatchObject({ status: 201, replayed: "true" });
  expect((await submit(cluster, "k1")).body).toEqual(first?.body);
  expect(await countExecutions(cluster)).toBe(1);
});

test("a master killed anywhere in a submit: the retry starts the execution once", { timeout }, async () => {
  const cluster = await startCluster({ dataDir: createFolder(), heartbeatTimeout: "60s" });
  for (let round = 1; round <= 5; round++) {
    const key = `round-${round}`;
    const body = { workflow: { ...workflow, id: key }, queue: true };
    const lost = submit(cluster, key, body).catch(() => null);
    // Before it, in it, after it.
    await new Promise((resolve) => setTimeout(resolve, (round - 1) * 6));
    await cluster.restartMaster(0);
    const early = await lost;
    await expect.poll(async () => (await submit(cluster, key, body)).status).toBe(201);
    const answer = await submit(cluster, key, body);
    if (early?.status === 201) expect(answer.body).toEqual(early.body);
    expect(await countExecutions(cluster)).toBe(round);
  }
});

test("pause under a key is not done again after somebody resumed", { timeout }, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const id = await cluster.submit({ ...workflow, options: { vus: 1, duration: "10m", think_time: "10ms" } });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 1);
  const client = new Client(cluster.url);
  const idempotencyKey = "pause-1";
  expect(await client.pause(id, { idempotencyKey })).toEqual({ success: true, status: "paused" });
  await client.resume(id);
  expect(await client.pause(id, { idempotencyKey })).toEqual({ success: true, status: "paused" });
  expect(await client.getExecution(id)).toMatchObject({ status: "running" });
  await client.stop(id, { force: true });
});

test("repeating a pause, a resume or a drain is 200 and changes nothing", { timeout }, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const id = await cluster.submit({ ...workflow, options: { vus: 2, duration: "10m", think_time: "10ms" } });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 2);
  const twice = async (path: string) => {
    const answers = [await cluster.call("POST", path), await cluster.call("POST", path)];
    expect(answers[1]).toEqual(answers[0]);
    return answers[1];
  };
  expect(await twice(`/executions/${id}/pause`)).toEqual({ status: 200, body: { success: true, status: "paused" } });
  expect(await twice(`/executions/${id}/resume`)).toEqual({ status: 200, body: { success: true, status: "running" } });
  expect(await twice("/slaves/b/drain")).toEqual({ status: 200, body: { success: true, state: "draining" } });
  const moved = await cluster.waitFor(id, ({ slave_states: states }) => states["b"]?.vus === 0);
  const count = (type: string) => moved.events.filter((event) => event.type === type).length;
  expect(["paused", "resumed", "slave_drained"].map(count)).toEqual([1, 1, 1]);
  expect(await twice("/slaves/b/undrain")).toMatchObject({ status: 200, body: { success: true, state: "online" } });
  await cluster.call("DELETE", `/executions/${id}?force=true`);
});

test("the command line asks again when the answer is lost, and one execution runs", { timeout }, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const demo = await startDemo();
  const file = join(createFolder(), "test.json");
  const steps = [{ type: "http", config: { url: `${demo.url}/get` } }];
  writeFileSync(file, JSON.stringify({ options: { iterations: 7 }, steps }));
  const thief = await startAnswerThief(Number(new URL(cluster.url).port), 2);
  const { code, stderr } = await runCommand(["submit", file], {
    env: { WE_MASTER_URL: thief.url },
    deadlineMs: 180_000,
  });
  expect([code, thief.stolen()]).toEqual([0, 2]);
  expect(stderr).toMatch(/the answer was lost.*trying again/);
  expect(await countExecutions(cluster)).toBe(1);
  expect(demo.requests()).toBe(7);
});

test("without a key, or after a refused connection, nothing is sent again", { timeout }, async () => {
  const cluster = await startCluster();
  const thief = await startAnswerThief(Number(new URL(cluster.url).port), 1);
  const retried: string[] = [];
  const client = new Client({ master: thief.url, onRetry: ({ message }) => retried.push(message) });
  await expect(client.getMaster()).rejects.toMatchObject({ code: "unreachable" });
  await expect(new Client("http://127.0.0.1:1").submit({ workflow })).rejects.toMatchObject({ code: "unreachable" });
  expect([thief.stolen(), retried]).toEqual([1, []]);
});
