import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { repository, runCommand, startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { findSteadyPort } from "../support/steady-port.ts";
import { createFolder, writeTemporary } from "../support/workflows.ts";

function writeConfig(config: string): string {
  return writeTemporary("config.yaml", config);
}

/** The lines of a log in JSON. */
function readLines(log: string): readonly Record<string, unknown>[] {
  return log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Network and names of its own take root's rights on Linux; without them the guide's ports and names are replaced. */
const isolated = spawnSync("unshare", ["-rnmpf", "true"]).status === 0;

test("the guide's configuration files start a master and a slave each, as it writes them", {
  timeout: 400_000,
}, async () => {
  const hosts = writeTemporary("hosts", "127.0.0.1 localhost master.example.com\n");
  const script = `
    set -e
    engine() { "$NODE" "$ENGINE" "$@"; }
    await() { tries=0; until "$@" >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 600 ] || exit 9; sleep 0.1; done; }
    online() { engine slaves list --json | grep -q '"state": "online"'; }
    pair() {
      mkdir "$WORK/$3"
      export STATE_DIRECTORY="$WORK/$3"
      "$NODE" "$ENGINE" master start --config "$1" >"$WORK/$3-master.log" 2>&1 & master=$!
      await engine master status
      "$NODE" "$ENGINE" slave start --config "$2" >"$WORK/$3-slave.log" 2>&1 & slave=$!
      await online
      engine slaves list --json >"$WORK/$3.json"
      kill -TERM $slave; wait $slave
      kill -TERM $master; wait $master
    }
    pair configs/config.yaml configs/config.yaml first
    pair configs/master.yaml configs/slave.yaml second
  `;
  const work = createFolder();
  const port = await findSteadyPort();
  const isolate = 'mount --bind "$HOSTS" /etc/hosts && ip link set lo up && exec sh -c "$SCRIPT"';
  const command = isolated ? ["unshare", "-rnmpf", "--kill-child", "sh", "-c", isolate] : ["sh", "-c", script];
  const child = spawn(command[0] ?? "", command.slice(1), {
    cwd: repository,
    env: {
      ...process.env,
      NODE: process.execPath,
      ENGINE: join(repository, "dist/cli/main.js"),
      HOSTS: hosts,
      SCRIPT: script,
      WORK: work,
      ...(isolated ? {} : { WE_SERVER_ADDRESS: `127.0.0.1:${port}`, WE_MASTER_URL: `http://127.0.0.1:${port}` }),
    },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 390_000,
    killSignal: "SIGKILL",
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect([code, stderr]).toEqual([0, ""]);
  const read = (name: string) => readFileSync(join(work, name), "utf8");
  expect(JSON.parse(read("first.json")).slaves).toMatchObject([
    { capabilities: ["http_executor", "script_executor"], labels: { env: "prod", region: "cn-east" }, max_vus: 100 },
  ]);
  expect(JSON.parse(read("second.json")).slaves).toMatchObject([
    {
      capabilities: ["http_executor", "script_executor", "db_executor"],
      labels: { region: "cn-east", zone: "a" },
      max_vus: 200,
    },
  ]);
  expect(readLines(read("second-slave.log"))).toContainEqual(
    expect.objectContaining({
      level: "info",
      slave: expect.any(String),
      message: expect.stringMatching(/^joined http/),
    }),
  );
});

test("every problem of file, environment and flags is one message, and nothing starts", async () => {
  const config = writeConfig("server:\n  adress: :1\nmaster: {max_slaves: many, store: 'redi://u:geheim@h'}\n");
  const { code, stdout, stderr } = await runCommand(
    ["master", "start", "--config", config, "--heartbeat-timeout", "1s"],
    { env: { WE_MASTER_MAX_EXECUTIONS: "0", WE_SERVR_ADDRESS: ":1" } },
  );
  expect(stderr.split("\n")).toEqual([
    "environment: WE_MASTER_MAX_EXECUTIONS: `0` is not accepted here; it takes a whole number from 1",
    "command line: --heartbeat-timeout: 1s is too short; it takes at least 2s",
    `${config}:2:3: server.adress: there is no field \`adress\` here. Did you mean \`address\`?`,
    `${config}:3:22: master.max_slaves: \`many\` is not accepted here; it takes a whole number from 1`,
    `${config}:3:35: master.store: \`redi:…\` is no store; it takes memory:, sqlite: or sqlite:PATH`,
    "environment: WE_SERVR_ADDRESS: there is no such variable: unset it, or name it without WE_ if it is yours. Did you mean `WE_SERVER_ADDRESS`?",
    `error: ${config} has 6 problems`,
    "",
  ]);
  expect([code, stdout]).toEqual([104, ""]);
});

test("a flag wins over the environment, which wins over the file", { timeout: 150_000 }, async () => {
  const config = writeConfig(
    "slave: {id: file, max_vus: 1, labels: {from: file}, threads: 1}\nmaster: {max_executions: 1}\n",
  );
  const cluster = await startCluster({ args: ["--config", config], env: { WE_MASTER_MAX_EXECUTIONS: "7" } });
  expect((await cluster.call("GET", "/master")).body).toMatchObject({ max_executions: 7 });
  await cluster.addSlave("flag", {
    maxVus: 3,
    args: ["--config", config],
    env: { WE_SLAVE_ID: "environment", WE_SLAVE_MAX_VUS: "2", WE_SLAVE_LABELS: "from=environment" },
  });
  expect((await cluster.call("GET", "/slaves")).body["slaves"]).toMatchObject([
    { id: "flag", max_vus: 3, labels: { from: "environment" } },
  ]);
});

test("max_slaves: one more is refused, and joins once there is room", { timeout: 150_000 }, async () => {
  const cluster = await startCluster({
    args: ["--config", writeConfig("master: {max_slaves: 1}")],
  });
  const first = await cluster.addSlave("a");
  const second = startCommand(["slave", "start", "--id", "b", "--master", cluster.url, "--address", "127.0.0.1:0"], {
    deadlineMs: 120_000,
  });
  onTestFinished(async () => {
    second.child.kill("SIGKILL");
    await second.finished;
  });
  await second.seen(/cannot join http:[^\n]*1 slaves/);
  first.child.kill("SIGTERM");
  await second.seen(/"message":"joined http/);
});

test("task_queue_size and max_executions: what is too much for the queue is 429", { timeout: 150_000 }, async () => {
  const target = await startTestTarget();
  const config = writeConfig("master: {max_executions: 1, task_queue_size: 1}");
  const cluster = await startCluster({ args: ["--config", config] });
  await cluster.addSlave("a");
  const workflow = {
    options: { vus: 1, duration: "10m", think_time: "50ms" },
    steps: [{ id: "get", type: "http", config: { url: target.url } }],
  };
  const running = await cluster.submit(workflow);
  const waiting = await cluster.submit(workflow);
  await cluster.waitFor(running, ({ status }) => status === "running");
  expect(await cluster.describe(waiting)).toMatchObject({ status: "pending", phase: "queued" });
  expect(await cluster.call("POST", "/workflows", { workflow })).toMatchObject({
    status: 429,
    body: { error: "queue_full" },
  });
});

test("heartbeat_interval: so often a slave is heard; a fifth of the timeout where it is longer", {
  timeout: 150_000,
}, async () => {
  /** ms between the heartbeats of a slave. */
  const measure = async (config: string, beats: number): Promise<readonly number[]> => {
    const cluster = await startCluster({ heartbeatTimeout: "10s", args: ["--config", writeConfig(config)] });
    await cluster.addSlave("a");
    const seen = new Set<number>();
    const look = async (): Promise<boolean> => {
      const { body } = await cluster.call("GET", "/slaves/a");
      seen.add(Date.parse(String((body["status"] as { readonly last_seen: string }).last_seen)));
      return seen.size > beats;
    };
    await waitUntil(look, 30_000, () => `it was heard ${seen.size} times`);
    const times = [...seen];
    return times.slice(1).map((time, index) => time - (times[index] ?? 0));
  };
  const [often, shortened] = await Promise.all([
    measure("master: {heartbeat_interval: 200ms}", 6),
    measure("master: {heartbeat_interval: 9s}", 3),
  ]);
  // A fifth of 10 s is 2 s: one is heard far more often, the other in between. The machine may stall, not all the time.
  const middleOf = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
  expect(middleOf(often)).toBeLessThan(1_500);
  expect(Math.max(...shortened)).toBeGreaterThan(1_500);
  expect(middleOf(shortened)).toBeLessThan(6_000);
});

test("retention: what is too much or too old is forgotten at the start, with the files that came with it", {
  timeout: 150_000,
}, async () => {
  const config = writeConfig("master: {retention: {max_executions: 1}, data_dir: data}");
  const dataDir = join(config, "..", "data");
  const cluster = await startCluster({ dataDir: null, args: ["--config", config] });
  await cluster.addSlave("a");
  const ids: string[] = [];
  const workflow = {
    data: { 用户: { file: "用户.csv" } },
    steps: [
      {
        type: "condition",
        config: { expression: "data.用户.name == 'a'", then: [{ type: "sleep", config: { duration: "1ms" } }] },
      },
    ],
  };
  for (let run = 0; run < 2; run++) {
    const id = await cluster.submit(workflow, { files: { "用户.csv": Buffer.from("name\na\n").toString("base64") } });
    await cluster.finish(id);
    ids.push(id);
  }
  const listFolders = () => readdirSync(join(dataDir, "executions")).toSorted();
  expect(listFolders()).toEqual(ids.toSorted());
  expect((await cluster.call("GET", "/executions")).body["total"]).toBe(2);
  expect(existsSync(join(dataDir, "store.db"))).toBe(true);
  await cluster.restartMaster(0);
  await waitUntil(
    async () => (await cluster.call("GET", "/executions")).body["total"] === 1,
    60_000,
    () => "both are kept",
  );
  expect((await cluster.call("GET", `/executions/${ids[1]}`)).status).toBe(200);
  const answers = await Promise.all(
    ["", "/report", "/metrics", "/timeseries", "/logs"].map(
      async (tail) => (await cluster.call("GET", `/executions/${ids[0]}${tail}`)).status,
    ),
  );
  expect([answers, listFolders()]).toEqual([[404, 404, 404, 404, 404], [ids[1]]]);

  await cluster.restartMaster(0, () => writeFileSync(config, "master: {retention: {max_age: 1ms}, data_dir: data}"));
  await waitUntil(
    async () => (await cluster.call("GET", "/executions")).body["total"] === 0,
    60_000,
    () => "the old one is kept",
  );
  await waitUntil(
    async () => listFolders().length === 0,
    60_000,
    () => `there are ${listFolders().join()}`,
  );
});

test("a purge forgets an ended execution whole, and none that runs", { timeout: 150_000 }, async () => {
  const dataDir = createFolder();
  const cluster = await startCluster({ dataDir });
  await cluster.addSlave("a");
  const id = await cluster.submit(
    {
      options: { duration: "10m" },
      data: { u: { file: "u.csv" } },
      steps: [{ type: "sleep", config: { duration: "${data.u.a}ms" } }],
    },
    { files: { "u.csv": Buffer.from("a\n1\n").toString("base64") } },
  );
  await cluster.waitFor(id, ({ status }) => status === "running");
  const purge = () => cluster.call("DELETE", `/executions/${id}?purge=true`);
  expect(await purge()).toMatchObject({ status: 409, body: { error: "conflict" } });
  expect((await cluster.call("DELETE", `/executions/${id}?force=true`)).status).toBe(200);
  await cluster.finish(id);
  expect((await purge()).status).toBe(200);
  const unknown = { status: 404, body: { message: `there is no execution \`${id}\`` } };
  expect(await purge()).toMatchObject(unknown);
  for (const [method, tail] of [
    ["GET", ""],
    ["GET", "/report"],
    ["DELETE", ""],
    ["POST", "/pause"],
  ] as const) {
    expect(await cluster.call(method, `/executions/${id}${tail}`)).toMatchObject(unknown);
  }
  expect([(await cluster.call("GET", "/executions")).body["total"], readdirSync(join(dataDir, "executions"))]).toEqual([
    0,
    [],
  ]);
});

test("expose_env: a submitted workflow reads those names alone, and what comes with it wins", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a", {
    args: ["--config", writeConfig("slave: {expose_env: [GREETING, PLACE, UNSET_NAME]}")],
    env: { GREETING: "hello", PLACE: "slave", HIDDEN: "geheim" },
  });
  const submit = async (path: string) => {
    const workflow = { steps: [{ id: "get", type: "http", config: { url: `${target.url}/${path}` } }] };
    const id = await cluster.submit(workflow, { env: { PLACE: "submit" } });
    return cluster.finish(id);
  };
  expect(await submit("${env.GREETING}/${env.PLACE}")).toMatchObject({ status: "completed", passed: true });
  expect((await target.list()).map(({ path }) => path)).toEqual(["/hello/submit"]);
  expect(await submit("${env.HIDDEN}")).toMatchObject({
    status: "failed",
    reason: "nothing_succeeded",
    errors: [{ code: "template", message: expect.stringContaining("HIDDEN") }],
  });
  expect(await target.count()).toBe(1);
});

test("a log in a file: its level, and another file after it was renamed and SIGHUP", { timeout: 150_000 }, async () => {
  const folder = createFolder();
  const config = join(folder, "config.yaml");
  const write = (level: string) =>
    writeFileSync(config, `logging: {level: ${level}, format: json, output: file, file: logs/master.log}`);
  write("error");
  const cluster = await startCluster({ args: ["--config", config] });
  const log = join(folder, "logs/master.log");
  await cluster.addSlave("quiet");
  expect(readFileSync(log, "utf8")).toBe("");
  write("info");
  const lines = () => readLines(readFileSync(log, "utf8"));
  // The file is looked at every two seconds.
  await waitUntil(
    async () => lines().length > 0,
    60_000,
    () => "the new level was not taken",
  );
  renameSync(log, `${log}.1`);
  cluster.master.child.kill("SIGHUP");
  await waitUntil(
    async () => existsSync(log) && lines().length > 0,
    60_000,
    () => "there is no new file",
  );
  await cluster.addSlave("loud");
  await waitUntil(
    async () => lines().some(({ slave }) => slave === "loud"),
    60_000,
    () => readFileSync(log, "utf8"),
  );
  expect(lines()).toContainEqual({
    level: "info",
    time: expect.stringMatching(/^20\d\d-.*Z$/),
    master: expect.any(String),
    slave: "loud",
    message: "slave loud joined",
  });
  write("loud");
  cluster.master.child.kill("SIGHUP");
  await waitUntil(
    async () => lines().some(({ message }) => /not taken, the last one stays: .*logging\.level/.test(String(message))),
    60_000,
    () => readFileSync(log, "utf8"),
  );
  expect(readFileSync(`${log}.1`, "utf8")).not.toContain("loud");
  expect((await cluster.call("GET", "/master")).status).toBe(200);
});

test("logs in text: a line each, whatever is in it, and never a key", { timeout: 150_000 }, async () => {
  const config = writeConfig(
    "logging: {format: text}\nslave: {api_key: geheimer-schluessel, master_addr: http://geheimer-schluessel.invalid:1}",
  );
  const slave = startCommand(["slave", "start", "--config", config, "--id", "東", "--address", "127.0.0.1:0"], {
    deadlineMs: 120_000,
    env: { TZ: "Asia/Shanghai" },
  });
  await slave.seen(/cannot join/);
  slave.child.kill("SIGTERM");
  const { code, stdout } = await slave.finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00 info slave 東 serves http:\/\/\S+ slave=東$/m);
  expect(stdout).toMatch(/ warn cannot join http:\/\/\*\*\*\.invalid:1/);
  expect(stdout).not.toContain("geheim");
});

test("an execution is told in the logs of its master and slave with its id", { timeout: 150_000 }, async () => {
  const cluster = await startCluster();
  const slave = await cluster.addSlave("a");
  const id = await cluster.submit({ id: "商店", steps: [{ type: "sleep", config: { duration: "1ms" } }] });
  await cluster.finish(id);
  await slave.seen(new RegExp(`"message":"left an execution"|"execution":"${id}","message":"left`));
  cluster.master.child.kill("SIGTERM");
  const { stdout } = await cluster.master.finished;
  const master = readLines(stdout).filter(({ execution }) => execution === id);
  expect(master.map(({ message }) => message)).toEqual([
    "商店 begins",
    expect.any(String),
    "商店 has ended: completed",
  ]);
  expect(master[0]).toMatchObject({ workflow: "商店", slaves: ["a"] });
  expect(master[2]).toMatchObject({ status: "completed", passed: true });
});
