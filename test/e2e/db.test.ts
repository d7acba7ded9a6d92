import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand } from "../support/command.ts";
import { startCluster } from "../support/cluster.ts";

test("a slave's own connections serve a submitted workflow, which opens no file of the slave by itself", async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-db-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "库存.db");
  const config = join(folder, "slave.yaml");
  writeFileSync(config, `connections:\n  stock: { driver: sqlite, file: ${file}, pool: { max: 2 } }\n`);
  const cluster = await startCluster();
  await cluster.addSlave("web-1");
  const step = (fields: object) => ({ id: "ask", type: "db", config: fields });
  const workflow = (fields: object, more: object = {}) => ({
    id: "db",
    options: { vus: 2, iterations: 4 },
    ...more,
    steps: [step(fields)],
  });
  const without = await cluster.call("POST", "/workflows", workflow({ driver: "sqlite", query: "SELECT 1" }));
  expect(without.status).toBe(409);
  expect(without.body["message"]).toBe("no slaves found with capabilities: db_executor");

  await cluster.addSlave("db-1", { args: ["--capabilities", "db_executor,http_executor", "--config", config] });
  const own = await cluster.finish(
    await cluster.submit(
      workflow(
        { connection: "stock", query: "SELECT count(*) AS n FROM t" },
        { setup: [step({ connection: "stock", query: "CREATE TABLE t (n)" })].map((one) => ({ ...one, id: "make" })) },
      ),
    ),
  );
  expect(own).toMatchObject({ status: "completed", errors: [] });
  expect(own.metrics["db_reqs"]?.values["count"]).toBe(5);

  for (const fields of [
    { dsn: `sqlite:${file}`, query: "SELECT 1" },
    { connection: "own", query: "SELECT 1" },
  ]) {
    const refused = await cluster.submit(workflow(fields, { connections: { own: { driver: "sqlite", file } } }));
    const execution = await cluster.waitFor(refused, ({ status }) => status === "failed");
    expect(execution.reason).toBe("start_failed");
    expect(JSON.stringify(execution)).toContain("a node opens no file that a submitted workflow names");
    expect(JSON.stringify(execution)).not.toContain("库存");
  }
  const inMemory = await cluster.finish(await cluster.submit(workflow({ dsn: "sqlite::memory:", query: "SELECT 1" })));
  expect(inMemory).toMatchObject({ status: "completed", errors: [] });
});

/** The guide's workflow, but for the table that it expects. */
const guide = `
id: capability-selection-test
name: 按能力选择节点测试
options:
  vus: 100
  duration: 5m
  target_slaves:
    mode: capability
    capabilities:
      - http_executor # 需要 HTTP 执行能力
      - db_executor # 需要数据库执行能力

setup:
  - { type: db, config: { driver: mysql, query: "CREATE TABLE IF NOT EXISTS users (id INT PRIMARY KEY, name VARCHAR(20))" } }
  - { type: db, config: { driver: mysql, query: "REPLACE INTO users VALUES (1, '张三')" } }
teardown:
  - { type: db, config: { driver: mysql, query: "DROP TABLE users" } }

steps:
  - id: db_query
    type: db
    config:
      driver: mysql
      query: "SELECT * FROM users LIMIT 10"
    assert: [{ type: json, path: "$[0].name", value: "张三" }]
`;

test.each(["run", "submit"])(
  "the guide's workflow works as it is written: %s",
  { timeout: 150_000 },
  async (command) => {
    const folder = mkdtempSync(join(tmpdir(), "we-db-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "guide.yaml");
    writeFileSync(file, guide);
    const args = [command, file, "--json", "-u", "4", "-i", "40"];
    if (command === "run") args.push("--threads", "2");
    else {
      const cluster = await startCluster();
      await cluster.addSlave("web-1");
      await cluster.addSlave("db-slave-1", { args: ["--capabilities", "http_executor,db_executor,script_executor"] });
      args.push("--master", cluster.url);
    }
    const { stdout, stderr, code } = await runCommand(args, { deadlineMs: 120_000 });
    expect(code, `${stdout}${stderr}`).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ passed: true, errors: [], metrics: { db_rows: { values: { count: 40 } } } });
    expect(report.slaves.map(({ id }) => id)).toEqual([command === "run" ? "local" : "db-slave-1"]);
  },
);
