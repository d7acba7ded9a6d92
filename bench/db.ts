import mysql from "mysql2";
import pg from "pg";
import { createClient } from "@redis/client";
import { type Asker, compareBareAndStep } from "./support/bare-and-step.ts";
import { compileFlow, createAskers } from "./support/compile-flow.ts";

// CPU time and rate of a db step (one prepared query of one row, or one GET) beside the bare driver doing the same, in
// turn, each on as many connections. Run: node bench/db.ts [connections] [ms]

const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);

const text = "SELECT ? AS n, 'some text of a row' AS t";

const bare: Readonly<Record<string, () => Promise<Asker>>> = {
  async mysql() {
    const connection = mysql.createConnection({ host: "127.0.0.1", user: "root", database: "test" }).promise();
    return { ask: () => connection.execute(text, [1]), close: () => connection.destroy() };
  },
  async postgres() {
    const client = new pg.Client({ host: "127.0.0.1", user: "postgres", password: "postgres", database: "postgres" });
    await client.connect();
    const query = { name: "one", text: "SELECT $1::int AS n, 'some text of a row' AS t", values: [1] };
    return { ask: () => client.query(query), close: () => void client.end() };
  },
  async redis() {
    const client = createClient();
    await client.connect();
    return { ask: () => client.get("we:bench"), close: () => client.destroy() };
  },
};

const steps: Readonly<Record<string, string>> = {
  mysql: `{ driver: mysql, query: "${text}", params: [1], dsn: "mysql://root@127.0.0.1/test", pool: { max: ${connections} } }`,
  postgres: `{ driver: postgres, query: "SELECT $1::int AS n, 'some text of a row' AS t", params: [1], dsn: "postgres://postgres:postgres@127.0.0.1/postgres", pool: { max: ${connections} } }`,
  redis: `{ driver: redis, command: [GET, "we:bench"], dsn: "redis://127.0.0.1", pool: { max: ${connections} } }`,
};

for (const [name, open] of Object.entries(bare)) {
  const flow = await compileFlow(`steps:\n  - { type: db, config: ${steps[name] ?? ""} }\n`);
  await compareBareAndStep({
    name,
    ms,
    bare: await Promise.all(Array.from({ length: connections }, open)),
    steps: createAskers(flow, connections),
  });
  await flow.close();
}
