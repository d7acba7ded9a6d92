import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { type CommandOptions, runCommand, startCommand } from "../support/command.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { startDemo } from "../support/demo.ts";

/** A cluster with one slave, a target, and a file with a workflow against it. */
async function start(options: object, { maxVus = 50, slave = true, store = "memory" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "we-submit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const demo = await startDemo();
  const cluster = await startCluster(
    store === "memory" ? {} : { dataDir: join(folder, "data"), heartbeatTimeout: "20s" },
  );
  if (slave) await cluster.addSlave("s1", { maxVus });
  const file = join(folder, "商店.json");
  const steps = [{ id: "get", type: "http", config: { url: `${demo.url}/get` }, think_time: "20ms" }];
  writeFileSync(file, JSON.stringify({ name: "在线商店", options, steps }));
  const env = { WE_MASTER_URL: cluster.url };
  const run = (args: readonly string[], command: CommandOptions = {}) =>
    runCommand(args, { deadlineMs: 170_000, ...command, env });
  const begin = (args: readonly string[]) => startCommand(args, { deadlineMs: 170_000, env });
  return { cluster, demo, folder, file, run, begin };
}

const timeout = 180_000;

test("submit follows an execution to its end: summary, files and the target's own count", { timeout }, async () => {
  const { cluster, demo, folder, file, run } = await start({ vus: 1, duration: "10s" });
  const out = join(folder, "report.json");
  const { code, stdout, stderr } = await run(["submit", file, "-u", "4", "-d", "4s", "--out-json", out]);
  // Whether it is heard that it has started depends on which comes first.
  expect(stderr).toMatch(/^submitted to http:\/\/127\.0\.0\.1:\d+: \S+\n(?:info: 4 VUs on 1 slave\(s\)\n)?$/);
  expect(code).toBe(0);
  expect(stdout).toContain("在线商店  商店");
  expect(stdout).toContain("✓ passed after");
  const report = JSON.parse(readFileSync(out, "utf8"));
  expect(report.metrics.http_reqs.values.count).toBe(demo.requests());
  expect(report).toMatchObject({ workflow_id: "商店", slaves: [{ id: "s1", vus: 4 }] });
  expect((await cluster.call("GET", "/executions/latest/report")).body).toEqual(report);

  const shown = await run(["executions", "report", "latest", "--json"]);
  expect(JSON.parse(shown.stdout)).toEqual(report);
  expect((await run(["executions", "list"])).stdout).toMatch(/^ID +WORKFLOW +STATUS[^]*在线商店 +completed \(passed\)/);
  expect(JSON.parse((await run(["executions", "list", "--json"])).stdout)).toMatchObject({ total: 1 });
  expect((await run(["executions", "get", "latest"])).stdout).toMatch(/progress +100%[^]*\ns1 +ended +4 /);
  // A slave says how many VUs are active once a second.
  await expect.poll(async () => (await run(["slaves", "list"])).stdout).toMatch(/\ns1 +online +0\/50 /);
  expect((await run(["slaves", "drain", "s1"])).stdout).toBe("s1: draining\n");
  expect((await run(["slaves", "undrain", "s1"])).stdout).toBe("s1: online\n");
  expect((await run(["master", "status"])).stdout).toMatch(/state +ready[^]*slaves +1 online/);
});

test("exit codes and answers of what does not pass or does not start", { timeout }, async () => {
  const { file, run } = await start({ vus: 1, duration: "4s", thresholds: { http_reqs: ["count > 1000000"] } });
  const failed = await run(["submit", file, "--json"]);
  expect(failed.code).toBe(99);
  expect(JSON.parse(failed.stdout)).toMatchObject({ status: "failed", reason: "thresholds" });
  const short = await run(["submit", file, "-u", "80", "-q"]);
  expect([short.code, short.stderr]).toEqual([1, expect.stringContaining("not enough capacity: need 80 VUs, have 50")]);
  const wrong = await run(["submit", file, "-s", "1s:1", "--scenario", "nope"]);
  expect([wrong.code, wrong.stderr]).toEqual([104, expect.stringContaining("nope")]);
  const json = await run(["submit", file, "--scenario", "nope", "--json"]);
  expect([json.code, JSON.parse(json.stdout).error]).toEqual([104, "invalid_workflow"]);
  const nobody = await run(["executions", "get", "nobody"]);
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining("there is no execution `nobody`")]);
  const lost = await run(["submit", file, "--master", "127.0.0.1:1"]);
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining("no master answers at http://127.0.0.1:1")]);
  const status = await run(["master", "status", "--address", "127.0.0.1:1"]);
  expect(status.code).toBe(1);
});

test("without a slave a submit is refused; with --wait it waits that long and leaves nothing behind", {
  timeout,
}, async () => {
  const { cluster, file, run } = await start({ vus: 1, duration: "1s" }, { slave: false });
  const refused = await run(["submit", file]);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining("not enough slaves available: need 1, have 0"),
  ]);
  await cluster.addSlave("s1", { maxVus: 1 });
  const waited = await run(["submit", file, "-u", "5", "--wait", "500ms"]);
  expect([waited.code, waited.stderr]).toEqual([1, expect.stringContaining("there was no capacity within 500ms")]);
  const { body } = await cluster.call("GET", "/executions?status=pending");
  expect(body).toEqual({ executions: [], total: 0 });
});

test("files that a workflow names do not travel: refused with their place", { timeout }, async () => {
  const tls = { ca: "./ca.pem" };
  const { file, run } = await start({ vus: 1, duration: "1s", http: { tls } }, { slave: false });
  const { code, stderr } = await run(["submit", file]);
  expect([code, stderr]).toEqual([104, expect.stringMatching(/商店\.json:1:\d+: options\.http\.tls\.ca: .*ca\.pem/)]);
});

test("Ctrl-C stops gracefully with the summary and 105", { timeout }, async () => {
  const { file, begin, cluster } = await start({ vus: 3, duration: "10m" });
  const command = begin(["submit", file]);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 3);
  command.child.kill("SIGINT");
  const stopped = await command.finished;
  expect(stopped.code).toBe(105);
  expect(stopped.stderr).toContain("stopping; press Ctrl-C again to stop now");
  expect(stopped.stdout).toMatch(/interrupted|stopped/);
  const { body } = await cluster.call("GET", "/executions/latest");
  expect(body).toMatchObject({ status: "aborted", reason: "stopped_by_signal" });
});

test("Ctrl-C before the answer to a submit waits for it and stops what runs; twice leaves, and says that it may run", {
  timeout,
}, async () => {
  const { file, cluster } = await start({ vus: 1, duration: "10m" });
  const proxy = await startTcpProxy(Number(new URL(cluster.url).port));
  onTestFinished(() => proxy.close());
  const env = { WE_MASTER_URL: `http://127.0.0.1:${proxy.port}` };
  const begin = (args: readonly string[]) => startCommand(args, { deadlineMs: 170_000, env });
  const latest = async () => (await cluster.call("GET", "/executions?limit=1")).body["total"];

  proxy.holdAnswers();
  const patient = begin(["submit", file]);
  await expect.poll(latest, { timeout: 60_000 }).toBe(1);
  patient.child.kill("SIGINT");
  await patient.seen(/waiting for the master's answer; press Ctrl-C again to leave without it/);
  proxy.pass();
  expect((await patient.finished).code).toBe(105);
  const { body } = await cluster.call("GET", "/executions/latest");
  expect(body).toMatchObject({ status: "aborted", reason: "stopped_by_signal" });

  proxy.holdAnswers();
  const hasty = begin(["submit", file]);
  await expect.poll(latest, { timeout: 60_000 }).toBe(2);
  hasty.child.kill("SIGINT");
  await hasty.seen(/waiting for the master's answer/);
  hasty.child.kill("SIGINT");
  const { code, stderr } = await hasty.finished;
  expect([code, stderr]).toEqual([
    105,
    expect.stringMatching(/ has not answered: the execution may run; look with: .* list\n$/),
  ]);
  // Ends that were not told of the other's are.
  proxy.pass();
});

test("Ctrl-C twice cuts running iterations off", { timeout }, async () => {
  const { demo, file, begin, cluster } = await start({ vus: 3, duration: "10m" });
  const step = { id: "slow", type: "http", config: { url: `${demo.url}/delay/60` } };
  writeFileSync(file, JSON.stringify({ options: { vus: 3, duration: "10m", graceful_stop: "50s" }, steps: [step] }));
  const command = begin(["submit", file, "--json"]);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 3);
  const startedAt = performance.now();
  command.child.kill("SIGINT");
  await command.seen(/stopping/);
  await cluster.waitFor("latest", ({ phase }) => phase === "stopping");
  command.child.kill("SIGINT");
  const { code, stdout } = await command.finished;
  expect(code).toBe(105);
  // Left alone they would have had 50 s.
  expect(performance.now() - startedAt).toBeLessThan(40_000);
  expect(JSON.parse(stdout)).toMatchObject({ metrics: { interrupted_iterations: { values: { count: 3 } } } });
});

test("a master that is killed and comes back is found again, and the report is whole", { timeout }, async () => {
  const { demo, file, folder, cluster, begin } = await start({ vus: 2, duration: "15s" }, { store: "sqlite" });
  const out = join(folder, "report.json");
  const command = begin(["submit", file, "--out-json", out]);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 2);
  await cluster.restartMaster(300);
  const { code, stderr } = await command.finished;
  expect(stderr).toMatch(/no master answers at [^]*trying again for 5 minutes[^]*the master is back/);
  expect(code).toBe(0);
  const report = JSON.parse(readFileSync(out, "utf8"));
  expect(report.metrics.http_reqs.values.count + report.late.http_reqs).toBe(demo.requests());
});

test("a thousand submits at once are all answered, and the master goes on", { timeout }, async () => {
  const { cluster, demo } = await start({}, { maxVus: 5 });
  const steps = [{ type: "http", config: { url: `${demo.url}/get` } }];
  const workflow = { options: { vus: 1, iterations: 1 }, steps };
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, () => cluster.call("POST", "/workflows", { workflow, queue: true })),
  );
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  expect([...counts.keys()].filter((status) => ![201, 429].includes(status))).toEqual([]);
  expect(counts.get(201)).toBe(1_000);
  expect((await cluster.call("GET", "/executions?limit=1")).body).toMatchObject({ total: 1_000 });
  expect((await cluster.call("DELETE", "/workflows/workflow?force=true")).status).toBe(200);
});

test("an execution that is left running is watched, steered and stopped through the API", { timeout }, async () => {
  const { file, begin, cluster, run } = await start({ vus: 2, duration: "10m" });
  const command = begin(["submit", file, "--on-interrupt", "detach"]);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 2);
  command.child.kill("SIGTERM");
  expect(await command.finished).toMatchObject({ code: 105, stderr: expect.stringContaining("goes on; see it with") });

  const watch = begin(["executions", "watch", "latest", "--json"]);
  expect((await run(["executions", "pause", "latest"])).stdout).toBe("latest: paused\n");
  expect((await run(["executions", "resume", "latest"])).stdout).toBe("latest: running\n");
  expect((await run(["executions", "scale", "latest", "5"])).stdout).toBe("latest: 5 VUs\n");
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 5);
  expect((await run(["executions", "scale", "latest", "500"])).stderr).toContain("not enough capacity: need 500 VUs");
  expect((await run(["executions", "stop", "latest"])).code).toBe(0);
  const watched = await watch.finished;
  expect(watched.code).toBe(103);
  expect(JSON.parse(watched.stdout)).toMatchObject({ status: "aborted", reason: "stopped_by_api" });
  expect((await cluster.call("GET", "/executions/latest")).body["target_vus"]).toBe(5);
  expect((await run(["executions", "stop", "latest"])).stdout).toBe("latest: aborted\n");
  const again = await run(["executions", "pause", "latest", "--json"]);
  expect([again.code, JSON.parse(again.stdout).error]).toEqual([1, "conflict"]);
});

test("--detach prints the id alone", { timeout }, async () => {
  const { file, run, cluster } = await start({ vus: 1, iterations: 5 });
  const { code, stdout, stderr } = await run(["submit", file, "--detach"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect((await cluster.finish(stdout.trim())).passed).toBe(true);
});
