import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
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

test("the guide's step works as it is written, on two threads", async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-db-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "guide.yaml");
  const ask = (query: string) => `  - { type: db, config: { driver: mysql, query: "${query}" } }\n`;
  writeFileSync(
    file,
    "options: { vus: 4, iterations: 40 }\nsetup:\n" +
      ask("CREATE TABLE IF NOT EXISTS users (id INT PRIMARY KEY, name VARCHAR(20))") +
      ask("REPLACE INTO users VALUES (1, '张三')") +
      "teardown:\n" +
      ask("DROP TABLE users") +
      'steps:\n  - id: db_query\n    type: db\n    config:\n      driver: mysql\n      query: "SELECT * FROM users LIMIT 10"\n' +
      '    assert: [{ type: json, path: "$[0].name", value: "张三" }]\n',
  );
  const { stdout, code } = await runCommand(["run", file, "--json", "--threads", "2"]);
  expect(JSON.parse(stdout)).toMatchObject({
    passed: true,
    errors: [],
    metrics: { db_rows: { values: { count: 40 } } },
  });
  expect(code).toBe(0);
});
