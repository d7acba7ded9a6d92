import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startMockKafka, testBrokers } from "../support/brokers.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand, withoutProgress } from "../support/command.ts";
import { copyUnhurried } from "../support/patient-example.ts";

/** Debian's faketime: this process's wall clock is off by so much, its monotonic one is not. */
const shiftClock = (seconds: number): Readonly<Record<string, string>> => ({
  LD_PRELOAD: `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`,
  FAKETIME: `${seconds > 0 ? "+" : ""}${seconds}s`,
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
});

function removeLater(type: string, destination: string): void {
  const broker = testBrokers.find((each) => each.type === type);
  onTestFinished(async () => {
    const server = await broker?.start();
    if (server !== undefined) await broker?.remove(server.port, destination);
  });
}

test("the Kafka example against a mock cluster, with nothing on stderr", { timeout: 180_000 }, async () => {
  const kafka = await startMockKafka();
  onTestFinished(() => kafka.close());
  const file = copyUnhurried("examples/mq/kafka.yaml");
  const args = ["run", file, "-e", `broker=127.0.0.1:${kafka.port}`, "--json", "-i", "60"];
  const { code, stdout, stderr } = await runCommand(args, { deadlineMs: 170_000 });
  expect(withoutProgress(stderr)).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  const count = (metric: string) => report.metrics[metric]?.values["count"];
  expect(["mq_msgs_sent", "mq_msgs_received"].map(count)).toEqual([60, 60]);
  expect(code).toBe(0);
});

test("messages between slaves whose clocks are ten seconds apart: the latency is that of one clock", {
  timeout: 180_000,
}, async () => {
  const queue = `we-skew-${process.pid}`;
  removeLater("rabbitmq", queue);
  const folder = mkdtempSync(join(tmpdir(), "we-mq-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "slave.yaml");
  writeFileSync(config, "connections:\n  orders: { driver: rabbitmq, url: 'amqp://guest:guest@127.0.0.1:5672' }\n");
  const cluster = await startCluster();
  const workflow = {
    id: "skew",
    options: { mode: "per-vu-iterations", vus: 4, iterations: 40, think_time: "20ms" },
    steps: [
      { type: "mq", config: { connection: "orders", queue, message: "消息", track: true } },
      { type: "mq", config: { connection: "orders", queue, action: "consume", track: true, timeout: "20s" } },
    ],
  };
  await cluster.addSlave("without", { maxVus: 4 });
  const refused = await cluster.call("POST", "/workflows", { workflow });
  expect([refused.status, refused.body["message"]]).toEqual([409, "no slaves found with capabilities: mq_executor"]);
  for (const [id, seconds] of [
    ["early", -5],
    ["late", 5],
  ] as const) {
    const args = ["--threads", "1", "--capabilities", "mq_executor", "--config", config];
    await cluster.addSlave(id, { maxVus: 2, args, env: shiftClock(seconds) });
  }
  const id = await cluster.submit(workflow);
  await cluster.finish(id);
  const report = (await cluster.call("GET", `/executions/${id}/report`)).body as unknown as Report;
  expect(report).toMatchObject({ status: "completed", errors: [] });
  expect(report.slaves.map(({ id: slave }) => slave)).toEqual(["early", "late"]);
  const { count, max } = report.metrics["mq_e2e_latency"]?.values ?? {};
  expect([count, report.metrics["mq_msgs_sent"]?.values["count"]]).toEqual([160, 160]);
  // With a clock of another machine it would be ten seconds more, or less than nothing.
  expect(max).toBeLessThan(10_000);
  expect(JSON.stringify(report)).not.toContain("guest");
});
