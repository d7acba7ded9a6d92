import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { testBrokers } from "../support/brokers.ts";
import { repository, runCommand } from "../support/command.ts";

/** What makes an example short; those not named here run for a second, those with a driver to load 20 iterations. */
const shortened: Readonly<Record<string, readonly string[]>> = {
  // No more starts than its max_vus: none is dropped by a busy machine.
  "constant-arrival-rate.yaml": ["-d", "1s", "--rate", "50"],
  "constant-vus.yaml": ["-d", "2500ms"],
  "ramping-vus.yaml": ["-s", "500ms:5", "-s", "500ms:0"],
  "ramping-arrival-rate.yaml": ["-s", "500ms:50", "-s", "500ms:0"],
  "per-vu-iterations.yaml": ["-i", "3"],
  "shared-iterations.yaml": ["-i", "20"],
  "scenarios.yaml": ["--scenario", "readers", "-d", "1s"],
  "shop/shop.yaml": ["-e", "duration=2s"],
};

/** Those of a cluster, of servers that are started for them, and of several servers have tests of their own. */
const examples = readdirSync(join(repository, "examples"), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".yaml") && !/^(?:cluster|grpc|mixed)\//.test(name) && name !== "mq/kafka.yaml",
);

test.concurrent.each(examples)("examples/%s passes against the demo target", { timeout: 65_000 }, async (name) => {
  const args = [
    "run",
    `examples/${name}`,
    "--demo-target",
    "--json",
    ...(shortened[name] ?? (/^(?:db|mq)\//.test(name) ? ["-i", "20"] : ["-d", "1s"])),
  ];
  const { code, stdout, stderr } = await runCommand(args, { deadlineMs: 60_000 });
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as Report;
  const { schema, errors, reason } = report;
  expect({ schema, errors, broken: report.thresholds.filter(isBroken) }).toEqual({ schema: 1, errors: [], broken: [] });
  const late = report.thresholds.some(({ passed }) => !passed);
  expect([reason, code]).toEqual(late ? ["thresholds", 99] : [null, 0]);
  expect(report.metrics["iterations"]?.values["count"]).toBeGreaterThan(0);
  expect(report.checks.filter(({ name, fails }) => fails > 0 && !name.startsWith("within "))).toEqual([]);
});

/** What they leave at brokers. */
afterAll(async () => {
  const left = { rabbitmq: "orders-example", jetstream: "orders_example", redis: "jobs-example" };
  for (const { type, start, remove } of testBrokers) {
    const destination = Object.entries(left).find(([of]) => of === type)?.[1];
    if (destination !== undefined) await remove((await start()).port, destination);
  }
});

/** How soon a busy machine answers is no matter of the example, nor of its check `within 300 ms`. */
function isBroken({ passed, condition }: Report["thresholds"][number]): boolean {
  return !passed && !/\d *m?s$/.test(condition);
}

test("per-vu-iterations runs exactly its iterations", async () => {
  const args = ["run", "examples/per-vu-iterations.yaml", "--demo-target", "--json", "-i", "7", "-u", "3"];
  const report = JSON.parse((await runCommand(args)).stdout) as Report;
  expect(report.metrics["iterations"]?.values["count"]).toBe(21);
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(21);
});
