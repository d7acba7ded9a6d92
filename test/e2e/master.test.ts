import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-master-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each<[args: readonly string[], code: number, words: RegExp]>([
  [["--heartbeat-timeout", "1s"], 104, /at least 2s/],
  [["--heartbeat-timeout", "30"], 104, /30s\?/],
  [["--store", "redis://localhost"], 104, /no redis: store/],
  [["--config", "x.yaml"], 104, /cannot read x.yaml: there is no such file/],
  [["--address", "8080"], 104, /HOST:PORT/],
  [["--max-executions", "0"], 104, /whole number from 1/],
  [["--data-dir", "/proc/nowhere"], 1, /\/proc\/nowhere cannot be used.*--data-dir/],
])("master start %j ends with %i", async (args, code, words) => {
  const finished = await runCommand(["master", "start", "--address", "127.0.0.1:0", ...args]);
  expect(finished).toMatchObject({ code, stdout: "" });
  expect(finished.stderr).toMatch(words);
});

test("a port that is taken is an error", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  const finished = await runCommand(["master", "start", "--address", `127.0.0.1:${port}`, "--store", "memory:"]);
  expect(finished).toMatchObject({ code: 1 });
  expect(finished.stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
});

test("a second master on the same store is refused", async () => {
  const dataDir = makeFolder();
  await startCluster({ dataDir });
  const finished = await runCommand(["master", "start", "--address", "127.0.0.1:0", "--data-dir", dataDir]);
  expect(finished).toMatchObject({ code: 1 });
  expect(finished.stderr).toMatch(/cannot open the store/);
});

test("without a folder that can be written, executions are kept in memory, with a warning", async () => {
  const cluster = await startCluster({
    dataDir: null,
    env: { HOME: "/proc/nowhere", STATE_DIRECTORY: "", XDG_STATE_HOME: "" },
  });
  const { body } = await cluster.call("GET", "/master");
  expect(body).toMatchObject({ store: "memory" });
  expect(String(body["warnings"])).toMatch(/no data folder can be written .*--data-dir/);
});

test("SIGTERM ends a master at once, whatever its executions wait for, and they go on without it", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ dataDir: makeFolder(), heartbeatTimeout: "20s" });
  await cluster.addSlave("a");
  const dead = await cluster.addSlave("b");
  const load = {
    id: "load",
    options: { vus: 10, duration: "10m", think_time: "50ms", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/" } }],
  };
  const first = await cluster.submit(load);
  await cluster.waitFor(first, ({ active_vus }) => active_vus === 10);
  // Its last frames never come: the master would take them for a while.
  dead.child.kill("SIGKILL");
  await cluster.call("DELETE", `/executions/${first}`);
  await cluster.finish(first);
  const second = await cluster.submit(load);
  await cluster.waitFor(second, ({ active_vus }) => active_vus === 10);
  const at = performance.now();
  cluster.master.child.kill("SIGTERM");
  expect(await cluster.master.finished).toMatchObject({ code: 0 });
  // What the dead one had to say it would have waited for until its lease is over.
  expect(performance.now() - at).toBeLessThan(10_000);
  const sent = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(sent + 50);
  await cluster.restartMaster(0);
  await cluster.waitFor(second, ({ active_vus }) => active_vus === 10);
  await cluster.call("DELETE", `/executions/${second}`);
  expect(await cluster.finish(second)).toMatchObject({ status: "aborted", degraded: false });
});
