import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { repository, startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "we-fault-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const secret = "geheim-密码-4711";
const timeout = 240_000;
const deadlineMs = 200_000;
const faults = {
  "an exception that nobody catches": `() => { throw new Error("boom ${secret}") }`,
  "a rejection that nobody catches": `() => Promise.reject(new Error("boom ${secret}"))`,
} as const;

/** NODE_OPTIONS that put a fault into the main thread of the program, which comes with SIGUSR2. */
function plant(fault: string): { readonly NODE_OPTIONS: string } {
  const file = join(makeFolder(), "fault.mjs");
  writeFileSync(
    file,
    `import { isMainThread } from "node:worker_threads";\nif (isMainThread) process.on("SIGUSR2", ${fault});`,
  );
  return { NODE_OPTIONS: `--import=${file}` };
}

test.each(Object.entries(faults))(
  "%s ends a run in words, without its stack or a secret; --log-level debug has it",
  {
    timeout,
  },
  async (_name, fault) => {
    const file = join(makeFolder(), "w.yaml");
    const target = await startTestTarget();
    const get = `{type: http, config: {url: "${target.url}/"}}`;
    writeFileSync(file, `steps: [${get}, {type: sleep, config: {duration: 10m}}]\n`);
    const args = ["run", file, "--secret", `T=${secret}`];
    const told = "error: boom *** (a fault of the engine: please report it)\n";
    const runs = [["-q"], ["--log-level", "debug"], ["--json", "-q"]].map((more) =>
      startCommand([...args, ...more], { env: plant(fault), deadlineMs }),
    );
    // All of them are at their load.
    await expect.poll(() => target.count()).toBe(3);
    for (const { child } of runs) child.kill("SIGUSR2");
    const [plain, debug, json] = await Promise.all(runs.map(({ finished }) => finished));
    expect([plain?.code, plain?.stdout, plain?.stderr]).toEqual([1, "", told]);
    expect(debug?.stderr).toContain(told);
    expect(debug?.stderr).toMatch(/debug: a fault: Error: boom \*\*\*\n\s+at .*fault\.mjs:2/);
    expect([json?.code, JSON.parse(json?.stdout ?? "")]).toEqual([
      1,
      { error: "internal_error", message: "boom *** (a fault of the engine: please report it)", problems: [] },
    ]);
    for (const each of [plain, debug, json]) expect(`${each?.stdout}${each?.stderr}`).not.toContain(secret);
  },
);

test("a fault of a master or a slave ends it with 1; its debug log has the stack", { timeout }, async () => {
  const fault = faults["a rejection that nobody catches"];
  const config = join(makeFolder(), "we.yaml");
  writeFileSync(
    config,
    `logging: {level: debug, format: json}\nslave: {api_key: ${secret}}\nauth: {api_keys: [{name: a, key: ${secret}, role: admin}]}\n`,
  );
  const [master, slave] = await Promise.all(
    [
      ["master", "start", "--store", "memory:", "--address", "127.0.0.1:0"],
      ["slave", "start", "--master", "http://127.0.0.1:1", "--address", "127.0.0.1:0"],
    ].map(async (args) => {
      const command = startCommand([...args, "--config", config], { env: plant(fault), deadlineMs });
      await command.seen(/http:\/\/127\.0\.0\.1:[1-9]\d+/);
      command.child.kill("SIGUSR2");
      return command.finished;
    }),
  );
  for (const each of [master, slave]) {
    expect([each?.code, each?.stderr]).toEqual([
      1,
      expect.stringMatching(/error: boom \*\*\* \(a fault of the engine/),
    ]);
    expect(each?.stderr).not.toMatch(/\n\s+at /);
    expect(each?.stdout).toMatch(/"level":"debug".*"message":"a fault: Error: boom \*\*\*\\n +at /);
    expect(`${each?.stdout}${each?.stderr}`).not.toContain(secret);
  }
});

test("a store that is moved away takes nothing, says so, can be saved, and goes on when it is back", {
  timeout,
}, async () => {
  const folder = makeFolder();
  const cluster = await startCluster({ dataDir: folder });
  await cluster.addSlave("a");
  const workflow = {
    id: "w",
    options: { vus: 2, duration: "10s" },
    steps: [{ type: "sleep", config: { duration: "1ms" } }],
  };
  const id = await cluster.submit(workflow);
  await cluster.waitFor(id, ({ status }) => status === "running");
  const [file, away] = [join(folder, "store.db"), join(folder, "away.db")];
  renameSync(file, away);
  await waitUntil(
    async () => cluster.master.shown().includes("store.db was removed"),
    30_000,
    () => cluster.master.shown(),
  );
  const refused = await cluster.call("POST", "/workflows", { workflow });
  expect(refused).toMatchObject({
    status: 500,
    body: { error: "internal_error", hint: expect.stringContaining("workflow-engine master backup") },
  });
  const saved = await startCommand(["master", "backup", "--address", cluster.url, "--out", join(folder, "saved.db")])
    .finished;
  expect([saved.code, saved.stderr]).toEqual([0, ""]);
  writeFileSync(file, "another file");
  await waitUntil(
    async () => cluster.master.shown().includes("store.db was replaced"),
    30_000,
    () => cluster.master.shown(),
  );
  renameSync(away, file);
  expect(await cluster.finish(id)).toMatchObject({ status: "completed", lost: { iterations: 0 } });
  cluster.master.child.kill("SIGTERM");
  expect((await cluster.master.finished).code).toBe(0);
});

test("too few files for the connections of a run: those fail as results, and the run ends as it should", {
  timeout,
}, async () => {
  // An answer takes so long that a slow machine has dialled for all VUs by then.
  const { url } = await startTestTarget(5_000);
  const file = join(makeFolder(), "w.yaml");
  writeFileSync(
    file,
    `options: {mode: per-vu-iterations, vus: 100, iterations: 1}\nsteps: [{id: get, type: http, config: {url: "${url}/get"}}]\n`,
  );
  const run = await promisify(execFile)(
    "prlimit",
    ["--nofile=60", process.execPath, join(repository, "dist/cli/main.js"), "run", file, "--json", "-q"],
    { timeout },
  );
  const report = JSON.parse(run.stdout) as { readonly status: string; readonly errors: readonly object[] };
  expect([run.stderr, report.status]).toEqual(["", "completed"]);
  expect(report.errors).toEqual([
    expect.objectContaining({ code: "1210", step_id: "get", message: expect.stringContaining("EMFILE") }),
  ]);
});
