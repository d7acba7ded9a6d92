import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { repository, startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "we-fault-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const secret = "geheim-密码-4711";
const faults = {
  "an exception that nobody catches": `setTimeout(() => { throw new Error("boom ${secret}") }, 1_000);`,
  "a rejection that nobody catches": `setTimeout(() => Promise.reject(new Error("boom ${secret}")), 1_000);`,
} as const;

/** NODE_OPTIONS that put a fault into the main thread of the program. */
function plant(fault: string): { readonly NODE_OPTIONS: string } {
  const file = join(makeFolder(), "fault.mjs");
  writeFileSync(file, `import { isMainThread } from "node:worker_threads";\nif (isMainThread) ${fault}`);
  return { NODE_OPTIONS: `--import=${file}` };
}

test.each(Object.entries(faults))(
  "%s ends a run in words, without its stack or a secret; --log-level debug has it",
  {
    timeout: 60_000,
  },
  async (_name, fault) => {
    const file = join(makeFolder(), "w.yaml");
    writeFileSync(file, "steps: [{type: sleep, config: {duration: 20s}}]\n");
    const args = ["run", file, "--secret", `T=${secret}`];
    const told = "error: boom *** (a fault of the engine: please report it)\n";
    const [plain, debug, json] = await Promise.all(
      [["-q"], ["--log-level", "debug"], ["--json", "-q"]].map(
        (more) => startCommand([...args, ...more], { env: plant(fault), deadlineMs: 55_000 }).finished,
      ),
    );
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

test("a fault of a master or a slave ends it with 1; its debug log has the stack", { timeout: 60_000 }, async () => {
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
    ].map((args) => startCommand([...args, "--config", config], { env: plant(fault), deadlineMs: 55_000 }).finished),
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
  timeout: 60_000,
}, async () => {
  const folder = makeFolder();
  const cluster = await startCluster({ dataDir: folder });
  await cluster.addSlave("a");
  const workflow = {
    id: "w",
    options: { vus: 2, duration: "6s" },
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
  timeout: 60_000,
}, async () => {
  const { url } = await startDemo();
  const file = join(makeFolder(), "w.yaml");
  writeFileSync(
    file,
    `options: {vus: 100, duration: 1s, think_time: 50ms}\nsteps: [{id: get, type: http, config: {url: "${url}/get"}}]\n`,
  );
  const run = await promisify(execFile)(
    "prlimit",
    ["--nofile=60", process.execPath, join(repository, "dist/cli/main.js"), "run", file, "--json", "-q"],
    { timeout: 60_000 },
  );
  const report = JSON.parse(run.stdout) as { readonly status: string; readonly errors: readonly object[] };
  expect([run.stderr, report.status]).toEqual(["", "completed"]);
  expect(report.errors).toEqual([
    expect.objectContaining({ code: "1210", step_id: "get", message: expect.stringContaining("EMFILE") }),
  ]);
});
