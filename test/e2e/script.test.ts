import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { writeTemporary } from "../support/workflows.ts";

const steps = [
  {
    id: "s",
    type: "script",
    config: {
      script: `metrics.counter("runs").add(1);
        check("the setup's value", vars.get("salt") === "from the setup");
        if (vu.iteration === 0) console.log("begins", vu.id, secret.KEY);
        await sleep(5);
        return { vu: vu.id };`,
    },
    assert: [{ type: "json", path: "$.vu", operator: "gte", value: 1 }],
  },
];
const workflow = {
  id: "scripted",
  metrics: { runs: "counter" },
  options: { mode: "per-vu-iterations", vus: 6, iterations: 50 },
  setup: [{ id: "prepare", type: "script", script: 'vars.set("salt", "from the setup")' }],
  steps,
  teardown: [{ id: "clear", type: "script", script: 'console.warn("ends", vars.get("salt"))' }],
};

test("scripts run on slaves with the default capabilities, in setup and teardown too", async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  await cluster.addSlave("without", { args: ["--capabilities", "http_executor"] });
  const id = await cluster.submit(workflow, { secrets: { KEY: "hunter22" } });
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  expect(report.metrics["runs"]?.values["count"]).toBe(300);
  expect(report.checks.map(({ name, passes, fails }) => [name, passes, fails])).toEqual([
    ["json $.vu gte 1", 300, 0],
    ["the setup's value", 300, 0],
  ]);
  expect(report.slaves.map((slave) => slave.id).toSorted()).toEqual(["a", "b"]);
  const logs = await (await fetch(`${cluster.url}/api/v1/executions/${id}/logs`)).text();
  expect(logs.match(/begins \d \*\*\*/g)).toHaveLength(6);
  expect(logs).toContain("ends from the setup");
  expect(logs).not.toContain("hunter22");
}, 180_000);

test("a workflow with a script is refused where nobody announces scripts", async () => {
  const cluster = await startCluster();
  await cluster.addSlave("without", { args: ["--capabilities", "http_executor"] });
  const { status, body } = await cluster.call("POST", "/workflows", { workflow, secrets: { KEY: "x" } });
  expect([status, body["message"]]).toEqual([409, "no slaves found with capabilities: script_executor"]);
});

test("run with two threads: the console is on stderr, secrets masked", async () => {
  const file = writeTemporary("scripted.yaml", JSON.stringify(workflow));
  const args = ["run", file, "--json", "--threads", "2", "--secret", "KEY=hunter22"];
  const { code, stdout, stderr } = await runCommand(args);
  const report = JSON.parse(stdout) as Report;
  expect([code, report.metrics["runs"]?.values["count"]]).toEqual([0, 300]);
  expect(stderr.match(/info: begins \d \*\*\* step=s vu=\d/g)).toHaveLength(6);
  expect(stderr).toContain("warning: ends from the setup");
  expect(stderr).not.toContain("hunter22");
});

test("an interrupt ends scripts that compute and scripts that wait", async () => {
  const text = JSON.stringify({
    options: { vus: 4, duration: "60s" },
    steps: [
      {
        id: "s",
        type: "script",
        script: 'console.log("runs"); if (vu.id % 2) { await sleep(1); for (;;); } await sleep("50s");',
      },
    ],
  });
  const command = startCommand(["run", writeTemporary("stuck.yaml", text)]);
  await command.seen(/(runs[^]*){4}/);
  command.child.kill("SIGINT");
  await command.seen(/Ctrl-C again/);
  const at = performance.now();
  command.child.kill("SIGINT");
  const { code, stdout } = await command.finished;
  // Left alone they would compute and wait for 30 s.
  expect(performance.now() - at).toBeLessThan(20_000);
  expect(code).toBe(105);
  expect(stdout).toMatch(/interrupted_iterations\s+4\b/);
});
