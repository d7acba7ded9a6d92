import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { countPlanned, countRequests, expectCounts } from "../support/accounts.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { runCommand, type RunningCommand, startCommand } from "../support/command.ts";
import { startTestTarget, tellingHeaders } from "../support/counting-target.ts";

/** Starts a slave whose master is nobody; it ends with the test. */
function startLonely(...args: readonly string[]): RunningCommand {
  const slave = startCommand(["slave", "start", "--master", "127.0.0.1:1", ...args], { deadlineMs: 170_000 });
  onTestFinished(async () => {
    slave.child.kill("SIGKILL");
    await slave.finished;
  });
  return slave;
}

async function takePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.each([
  ["a gateway", ["--type", "gateway"], "--type: `gateway` is not in this version; it takes `worker`"],
  ["an aggregator", ["--type", "aggregator"], "--type: `aggregator` is not in this version"],
  ["a type that is none", ["--type", "boss"], "--type: `boss` is not accepted here; it takes `worker`"],
  [
    "a capability that is none",
    ["--capabilities", "http_executor,fly"],
    "--capabilities[1]: `fly` is not accepted here; it takes one of http_executor",
  ],
  ["a configuration file that is not there", ["--config", "c.yaml"], "cannot read c.yaml: there is no such file"],
  ["a master that is none", ["--master", "ftp://x"], '"ftp://x" is no address of a master'],
  ["an id with a blank", ["--id", "a b"], "--id: `a b` is not accepted here; it takes letters"],
  [
    "an address without a port",
    ["--address", "localhost"],
    "--address: `localhost` is no address; it takes HOST:PORT or :PORT",
  ],
  ["no VUs", ["--max-vus", "0"], "It takes a whole number from 1"],
  ["a label without a value", ["--labels", "region"], "It takes KEY=VALUE,KEY=VALUE"],
  ["a label that comes twice", ["--labels", "a=1,a=2"], "KEY=VALUE,KEY=VALUE, each key once"],
  ["no capability", ["--capabilities", ","], "It names nothing; it takes NAME,NAME"],
  ["a key that can't be read", ["--api-key-file", "/nowhere"], "cannot read /nowhere"],
])("%s is refused with 104", async (_name, args, message) => {
  const { code, stderr, stdout } = await runCommand(["slave", "start", "--master", "127.0.0.1:1", ...args]);
  expect(stderr).toContain(message);
  expect(stdout).toBe("");
  expect(code).toBe(104);
});

test("a port that was given and is taken stops the start", async () => {
  const port = await takePort();
  const { code, stderr } = await runCommand(["slave", "start", "--address", `127.0.0.1:${port}`]);
  expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: it is taken; give another --address`);
  expect(code).toBe(104);
});

test("three slaves in three terminals work: the default port moves", async () => {
  const slaves = [startLonely(), startLonely(), startLonely()];
  const ports = await Promise.all(
    slaves.map(async (slave) => {
      await slave.seen(/serves http:\/\/localhost:\d+\/status/);
      return /serves http:\/\/localhost:(\d+)/.exec(slave.shown())?.[1];
    }),
  );
  expect(new Set(ports).size).toBe(3);
  expect(slaves.filter((slave) => slave.shown().includes("port 9091 is taken, it listens on")).length).toBeGreaterThan(
    1,
  );
});

test("a lonely slave says why, serves its status, and ends at once when told to", async () => {
  const slave = startLonely("--id", "alone", "--address", "127.0.0.1:0", "--labels", "region=东,zone=a");
  await slave.seen(/cannot join http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/);
  await slave.seen(/serves http/);
  const address = /serves http:\/\/([\d.:]+)\/status/.exec(slave.shown())?.[1] ?? "";
  const health = await fetch(`http://${address}/health`);
  expect(await health.json()).toMatchObject({ status: "healthy" });
  const status = await runCommand(["slave", "status", "--address", address, "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({
    id: "alone",
    type: "worker",
    connected: false,
    master: null,
    max_vus: 100,
    labels: { region: "东", zone: "a" },
    capabilities: ["http_executor", "script_executor"],
    executions: [],
  });
  for (const named of [address, `http://${address}`]) {
    expect((await runCommand(["slave", "status", "--address", named])).stdout).toMatch(/^slave +alone \(worker, /);
  }
  const metrics = await (await fetch(`http://${address}/metrics`)).text();
  expect(metrics).toContain('workflow_engine_slave_connected{slave="alone"} 0');
  expect(metrics).toContain('workflow_engine_slave_max_vus{slave="alone"} 100');
  expect((await fetch(`http://${address}/else`)).status).toBe(404);
  const posted = await fetch(`http://${address}/status`, { method: "POST" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);

  slave.child.kill("SIGTERM");
  const { code, stdout } = await slave.finished;
  expect(code).toBe(0);
  expect(stdout.match(/cannot join/g)).toHaveLength(1);
});

test("slave status without a slave is 1 and says where nobody is", async () => {
  const port = await takePort();
  const refused = await runCommand(["slave", "status", "--address", "127.0.0.1:1"]);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining("no slave answers at http://127.0.0.1:1/status"),
  ]);
  const { code, stdout } = await runCommand(["slave", "status", "--address", `127.0.0.1:${port}`, "--json"]);
  expect([code, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ error: "unreachable" })]);
});

test("SIGTERM hands the VUs over: none is lost, none restarted, every request is counted", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("s1", { maxVus: 20 });
  const leaving = await cluster.addSlave("s2", { maxVus: 20 });
  const id = await cluster.submit({
    options: { vus: 20, duration: "10m", think_time: "100ms" },
    steps: [{ id: "get", type: "http", config: { url: `${target.url}/get`, headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 20);
  leaving.child.kill("SIGTERM");
  const left = await leaving.finished;
  expect(left.code).toBe(0);
  expect(left.stdout).not.toContain("nobody took over");
  expect(left.stdout).not.toContain("not acknowledged");
  await cluster.waitFor(id, ({ slave_states }) => slave_states["s1"]?.vus === 20);
  // All 20 go on, on the one that is left.
  const after = await target.count();
  const goingOn = async () => new Set((await target.list()).slice(after).map(({ vu, slave }) => `${vu} on ${slave}`));
  const all = new Set(Array.from({ length: 20 }, (_, vu) => `${vu + 1} on s1`));
  await expect.poll(goingOn).toEqual(all);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  await expectCounts(cluster, id, target);
  expect(await goingOn()).toEqual(all);
  expect(report).toMatchObject({
    status: "aborted",
    degraded: false,
    lost: { iterations: 0 },
    late: { http_reqs: 0 },
  });
});

test("the only slave leaves with what it measured, and the execution fails where nobody takes over", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "4s" });
  const slave = await cluster.addSlave("s1", { maxVus: 5 });
  const id = await cluster.submit({
    options: { vus: 5, duration: "60s", think_time: "50ms" },
    steps: [{ id: "get", type: "http", config: { url: `${target.url}/get` } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 5);
  slave.child.kill("SIGTERM");
  const { code, stdout } = await slave.finished;
  expect(code).toBe(0);
  expect(stdout).not.toContain("not acknowledged");
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "failed", passed: false, reason: "slaves_lost" });
  expect(countRequests(await expectCounts(cluster, id, target))).toBeGreaterThan(0);
});

test("a second signal ends a slave at once", { timeout: 180_000 }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  const slave = await cluster.addSlave("s1", { maxVus: 5 });
  const id = await cluster.submit({
    options: { vus: 5, duration: "60s", think_time: "50ms" },
    steps: [{ id: "get", type: "http", config: { url: `${target.url}/get` } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 5);
  // It waits for its master's answers, and would leave in good order at any moment otherwise.
  cluster.master.child.kill("SIGSTOP");
  slave.child.kill("SIGTERM");
  await slave.seen(/draining; a second signal ends it now/);
  slave.child.kill("SIGTERM");
  expect((await slave.finished).code).toBe(105);
});

test("an id that is in use is refused until its holder is gone", { timeout: 180_000 }, async () => {
  const cluster = await startCluster({ heartbeatTimeout: "20s" });
  const first = await cluster.addSlave("twin");
  const second = startCommand(["slave", "start", "--id", "twin", "--master", cluster.url, "--address", "127.0.0.1:0"], {
    deadlineMs: 170_000,
  });
  onTestFinished(async () => {
    second.child.kill("SIGKILL");
    await second.finished;
  });
  await second.seen(/cannot join .*slave_id_in_use/);
  expect(first.shown()).not.toContain("lost");
  first.child.kill("SIGKILL");
  await second.seen(/joined http/);
  await waitUntil(
    async () => (await cluster.call("GET", "/slaves/twin")).status === 200,
    30_000,
    () => "the twin is not listed",
  );
});

// One slave's VUs suffice for the arrivals of some seconds in which the machine did something else.
test.each([
  ["shared-iterations", { mode: "shared-iterations", vus: 20, iterations: 1_000 }, 1_000, 90],
  ["per-vu-iterations", { mode: "per-vu-iterations", vus: 20, iterations: 50 }, 1_000, 90],
  ["constant-arrival-rate", { mode: "constant-arrival-rate", rate: 25, duration: "8s", max_vus: 100 }, 200, 20],
])(
  "SIGTERM in %s: every iteration once, on one slave or the other",
  { timeout: 180_000 },
  async (_mode, options, planned, restMs) => {
    const target = await startTestTarget();
    const cluster = await startCluster();
    await cluster.addSlave("s1", { maxVus: 100 });
    const leaving = await cluster.addSlave("s2", { maxVus: 100 });
    const id = await cluster.submit({
      options,
      steps: [
        { id: "get", type: "http", config: { url: `${target.url}/get`, headers: tellingHeaders } },
        { id: "rest", type: "sleep", config: { duration: `${restMs}ms` } },
      ],
    });
    await waitUntil(
      async () => {
        const sent = (await target.list()).map(({ slave }) => slave);
        return sent.length > planned / 10 && new Set(sent).size === 2;
      },
      30_000,
      () => "no load",
    );
    leaving.child.kill("SIGTERM");
    const left = await leaving.finished;
    expect(left.code).toBe(0);
    expect(left.stdout).not.toContain("nobody took over");
    const report = await cluster.finish(id);
    await expectCounts(cluster, id, target);
    const arrivals = await target.list();
    expect(report).toMatchObject({ status: "completed", degraded: false, lost: { iterations: 0 } });
    expect(countPlanned(report)).toBe(planned);
    expect(arrivals.length).toBe(planned);
    expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(planned);
    expect(new Set(arrivals.map(({ slave }) => slave))).toEqual(new Set(["s1", "s2"]));
  },
);
