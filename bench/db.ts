import mysql from "mysql2";
import pg from "pg";
import { createClient } from "@redis/client";
import { noFeeds } from "../src/data/feeds.ts";
import { loadWorkflow } from "../src/definition/load-workflow.ts";
import { noMeetings } from "../src/flow/rendezvous/meetings.ts";
import { compileWorkflow } from "../src/flow/compile-workflow.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// CPU time and rate of a db step (one prepared query of one row, or one GET) beside the bare driver doing the same, in
// turn, each on as many connections. Run: node bench/db.ts [connections] [ms]

const clock = createSystemClock(systemTime);
const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);
const rounds = 7;

/** One at a time asks for something, again and again. */
interface Asker {
  ask(): Promise<unknown>;
  close(): void;
}

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

async function compileStep(config: string) {
  const source = { text: `steps:\n  - { type: db, config: ${config} }\n`, fileName: "bench.yaml" };
  const loaded = loadWorkflow(source, { env: {} });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const compiled = await compileWorkflow({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "bench",
    connections: {},
    opensFiles: true,
    threads: 1,
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
    recorder: createRecorder({ clock, masker: (value) => value }),
    clock,
    random: Math.random,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    masker: (value) => value,
  });
  const [scenario] = compiled.scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const { signal } = new AbortController();
  const askers = Array.from({ length: connections }, (_, place): Asker => {
    const vu = scenario.createVu(place + 1, signal);
    return {
      async ask() {
        if ((await scenario.iteration(vu)) !== "passed") throw new Error("an iteration failed");
      },
      close: () => scenario.closeVu(vu),
    };
  });
  return { askers, close: () => compiled.close() };
}

interface Measured {
  readonly cpu: number;
  readonly rate: number;
}

async function measure(askers: readonly Asker[]): Promise<Measured> {
  const end = performance.now() + ms;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let count = 0;
  await Promise.all(
    askers.map(async ({ ask }) => {
      while (performance.now() < end) {
        await ask();
        count++;
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / count, rate: count / ((performance.now() - startedAt) / 1_000) };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

for (const [name, open] of Object.entries(bare)) {
  const alone = await Promise.all(Array.from({ length: connections }, open));
  const ours = await compileStep(steps[name] ?? "");
  await measure(alone);
  await measure(ours.askers);
  const seen: [Measured, Measured][] = [];
  for (let round = 0; round < rounds; round++) seen.push([await measure(alone), await measure(ours.askers)]);
  const cpu = ([place, values]: [0 | 1, typeof seen]) => median(values.map((pair) => pair[place].cpu));
  const rate = ([place, values]: [0 | 1, typeof seen]) => median(values.map((pair) => pair[place].rate));
  const ratio = median(seen.map(([one, other]) => other.cpu / one.cpu));
  const pace = median(seen.map(([one, other]) => one.rate / other.rate));
  console.log(
    `${name}: bare ${cpu([0, seen]).toFixed(1)} µs CPU, ${Math.round(rate([0, seen]))}/s; ` +
      `step ${cpu([1, seen]).toFixed(1)} µs CPU, ${Math.round(rate([1, seen]))}/s; ` +
      `CPU × ${ratio.toFixed(2)}, time × ${pace.toFixed(2)}`,
  );
  for (const asker of [...alone, ...ours.askers]) asker.close();
  await ours.close();
}
