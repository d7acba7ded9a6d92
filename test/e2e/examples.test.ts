import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { testBrokers } from "../support/brokers.ts";
import { repository, runCommand } from "../support/command.ts";
import { copyPatient } from "../support/patient-example.ts";

/** What makes those short whose load is a matter of time; the others run 20 iterations. */
const shortened: Readonly<Record<string, readonly string[]>> = {
  // No more starts than its max_vus: none is dropped by a busy machine.
  "constant-arrival-rate.yaml": ["-d", "1s", "--rate", "50"],
  // A machine that stands still for a second or two leaves them some time.
  "constant-vus.yaml": ["-d", "4s"],
  "externally-controlled.yaml": ["-d", "4s"],
  "find-limit.yaml": ["-d", "1s"],
  "ramping-vus.yaml": ["-s", "2s:5", "-s", "2s:0"],
  "ramping-arrival-rate.yaml": ["-s", "500ms:50", "-s", "500ms:0"],
  "scenarios.yaml": ["--scenario", "readers", "-d", "4s"],
};

/** Those of a cluster, of servers that are started for them, of several servers and the shop have tests of their own. */
const examples = readdirSync(join(repository, "examples"), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".yaml") && !/^(?:cluster|grpc|mixed|shop)\//.test(name) && name !== "mq/kafka.yaml",
);

const folder = mkdtempSync(join(tmpdir(), "workflow-engine-examples-"));
copyPatient(join(repository, "examples"), join(folder, "examples"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `run` says of how far it is, every ten seconds. */
const progress = /^\d+:\d\d.* iterations(?:, .*| {2}\d+ dropped)?$/;

test.concurrent.each(examples)("examples/%s passes against the demo target", { timeout: 125_000 }, async (name) => {
  const args = ["run", `examples/${name}`, "--demo-target", "--json", ...(shortened[name] ?? ["-i", "20"])];
  const { code, stdout, stderr } = await runCommand(args, { cwd: folder, deadlineMs: 120_000 });
  expect(stderr.split("\n").filter((line) => line !== "" && !progress.test(line))).toEqual([]);
  const report = JSON.parse(stdout) as Report;
  const { schema, errors, reason, thresholds } = report;
  const broken = thresholds.filter(({ passed }) => !passed);
  expect({ schema, errors, broken, reason }).toEqual({ schema: 1, errors: [], broken: [], reason: null });
  expect(code).toBe(0);
  const iterations = report.metrics["iterations"]?.values["count"];
  if (name === "per-vu-iterations.yaml") expect(iterations).toBe(5 * 20);
  else if (shortened[name] === undefined) expect(iterations).toBe(20);
  else expect(iterations).toBeGreaterThan(0);
  expect(report.checks.filter(({ fails }) => fails > 0)).toEqual([]);
});

/** What they leave at brokers. */
afterAll(async () => {
  const left = { rabbitmq: "orders-example", jetstream: "orders_example", redis: "jobs-example" };
  for (const { type, start, remove } of testBrokers) {
    const destination = Object.entries(left).find(([of]) => of === type)?.[1];
    if (destination !== undefined) await remove((await start()).port, destination);
  }
});

test("per-vu-iterations runs exactly its iterations", async () => {
  const args = ["run", "examples/per-vu-iterations.yaml", "--demo-target", "--json", "-i", "7", "-u", "3"];
  const report = JSON.parse((await runCommand(args)).stdout) as Report;
  expect(report.metrics["iterations"]?.values["count"]).toBe(21);
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(21);
});
