import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { connect as connectRabbit } from "amqplib";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { expect, onTestFinished, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { repository, runCommand, startCommand, withoutProgress } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { copyUnhurried, makeUnhurried } from "../support/patient-example.ts";

const example = "examples/mixed/order.yaml";
/** In the order in which the steps need them. */
const needed = "db_executor,http_executor,script_executor,mq_executor,socket_executor";

interface Order extends RowDataPacket {
  readonly id: number;
  readonly customer: string;
  readonly cents: number;
  readonly signature: string;
  readonly sent: number;
}

/** What the servers hold under a name of the test's own, which is gone at its end. */
async function openBooks() {
  const name = `we_mixed_${randomBytes(5).toString("hex")}`;
  const database = await createConnection({ host: "127.0.0.1", user: "root", database: "test" });
  const cache = createClient({ url: "redis://127.0.0.1:6379" });
  await cache.connect();
  const broker = await connectRabbit("amqp://guest:guest@127.0.0.1:5672");
  const channel = await broker.createChannel();
  onTestFinished(async () => {
    await database.query(`DROP TABLE IF EXISTS ${name}`);
    await database.end();
    await cache.del(name);
    await cache.close();
    await channel.deleteQueue(name);
    await broker.close();
  });
  return {
    name,
    readOrders: async () => (await database.query<Order[]>(`SELECT * FROM ${name} ORDER BY id`))[0],
    tableCount: async () => (await database.query<RowDataPacket[]>("SHOW TABLES LIKE ?", [name]))[0].length,
    readSum: async () => Number(await cache.get(name)),
    readQueue: () => channel.checkQueue(name),
  };
}

test("an order's way through http, script, db, mq and socket on the one slave that can: exact at every server", {
  timeout: 180_000,
}, async () => {
  const demo = await startDemo();
  const books = await openBooks();
  const folder = mkdtempSync(join(tmpdir(), "we-mixed-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // What it leaves is looked at.
  const { teardown: _, ...kept } = parse(makeUnhurried(readFileSync(join(repository, example), "utf8"))) as Readonly<
    Record<string, object>
  >;
  const submit = (name: string, change: object = {}) => {
    const file = join(folder, name);
    const options = { ...kept["options"], duration: undefined, vus: 6, iterations: 120, ...change };
    writeFileSync(file, stringify({ ...kept, options }));
    const args = ["submit", file, "--master", cluster.url, "--json", "-e", `name=${books.name}`];
    return startCommand([...args, "-e", `DEMO_URL=${demo.url}`], { deadlineMs: 170_000 }).finished;
  };
  const refusal = {
    code: 1,
    stdout: expect.stringContaining(`no slaves found with capabilities: ${needed}`) as string,
  };

  const cluster = await startCluster();
  await cluster.addSlave("web");
  expect(await submit("nobody.yaml")).toMatchObject(refusal);

  await cluster.addSlave("able", { args: ["--capabilities", needed, "--threads", "2"] });
  expect(await submit("wrong-one.yaml", { target_slaves: { slave_ids: ["web"] } })).toMatchObject(refusal);
  expect(await submit("one-lacks.yaml", { target_slaves: { slave_ids: ["able", "web"] } })).toMatchObject(refusal);
  expect(await books.tableCount()).toBe(0);

  const { code, stdout, stderr } = await submit("order.yaml");
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ status: "completed", passed: true, degraded: false, errors: [] });
  expect(report.slaves.map(({ id, iterations }) => [id, iterations])).toEqual([["able", 120]]);
  const count = (metric: string) => report.metrics[metric]?.values["count"];
  expect(["iterations", "http_reqs", "mq_msgs_sent", "mq_msgs_received", "socket_reqs"].map(count)).toEqual([
    120, 120, 120, 120, 240,
  ]);
  // A statement for each of save, mark, look and sum, and the table.
  expect(count("db_reqs")).toBe(481);
  expect(report.checks.map(({ passes, fails }) => [passes, fails])).toEqual([
    [120, 0],
    [120, 0],
    [120, 0],
  ]);

  expect(demo.requests()).toBe(240);
  const orders = await books.readOrders();
  expect(orders).toHaveLength(120);
  // Each order was taken from the queue once, by whoever: what was announced is what was saved.
  expect(orders.filter(({ sent }) => sent !== 1)).toEqual([]);
  expect(new Set(orders.map(({ customer }) => customer))).toEqual(
    new Set([1, 2, 3, 4, 5, 6].map((vu) => `顾客 ${vu}`)),
  );
  const sign = ({ customer, cents }: Order) =>
    createHmac("sha256", "demo").update(`${customer} ${cents}`).digest("hex");
  expect(orders.map(({ signature }) => signature)).toEqual(orders.map(sign));
  expect(await books.readSum()).toBe(orders.reduce((sum, { cents }) => sum + cents, 0));
  expect(await books.readQueue()).toMatchObject({ messageCount: 0, consumerCount: 0 });

  // Steps that every slave can do go to both.
  const steps = [{ type: "http", config: { url: `${demo.url}/get` } }];
  const plain = await cluster.finish(await cluster.submit({ options: { vus: 2, iterations: 20 }, steps }));
  expect(plain.slaves.map(({ id }) => id).toSorted()).toEqual(["able", "web"]);
  expect(demo.requests()).toBe(260);
});

test("examples/mixed/order.yaml passes against the demo target, and leaves an empty queue alone", {
  timeout: 180_000,
}, async () => {
  const { name, tableCount, readSum, readQueue } = await openBooks();
  const args = ["run", copyUnhurried(example), "--demo-target", "--json", "-i", "40", "-e", `name=${name}`];
  const { code, stdout, stderr } = await runCommand(args, { deadlineMs: 170_000 });
  expect(withoutProgress(stderr)).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  const count = (metric: string) => report.metrics[metric]?.values["count"];
  expect(["iterations", "mq_msgs_sent", "mq_msgs_received"].map(count)).toEqual([40, 40, 40]);
  expect(code).toBe(0);
  expect([await tableCount(), await readSum()]).toEqual([0, 0]);
  expect(await readQueue()).toMatchObject({ messageCount: 0 });
});
