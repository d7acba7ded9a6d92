import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { testBrokers } from "../../../test/support/brokers.ts";
import { certificates } from "../../../test/support/certificates.ts";
import { privateRabbitmq } from "../../../test/support/services/rabbitmq.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

const errors = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);

// A node takes seconds to start: one test has it for all.
test("RabbitMQ over TLS: verified or refused with advice; killed and back, errors are counted and the run goes on", {
  timeout: 300_000,
}, async () => {
  const server = await startPrivate(privateRabbitmq, { secure: true });
  onTestFinished(() => server.close());
  const url = `amqps://guest:guest@localhost:${server.port}`;
  const config = { type: "rabbitmq", url, topic: "we-private", timeout: "5s" };
  const tls = { ca: readFileSync(certificates.authority, "utf8") };
  const send = (more: object) => run({ steps: [{ type: "mq", config: { ...config, message: "消息", ...more } }] });

  // Its load goes on where an answer is late, and these do not.
  expect(errors(await send({ tls: { verify: false }, timeout: "50s" }))).toEqual([]);
  expect(errors(await send({ tls, timeout: "50s" }))).toEqual([]);
  expect(errors(await send({ timeout: "50s" }))).toEqual([expect.stringMatching(/^1310: .*tls\.verify: false/)]);

  const stop = new AbortController();
  let sent = 0;
  const steps = [
    { type: "mq", config: { ...config, tls, message: "x" } },
    { type: "script", config: { script: "console.log('sent')" } },
  ];
  const log = (_level: string, message: string) => {
    if (message === "sent") sent++;
  };
  const running = run(
    { options: { vus: 2, duration: "100s", think_time: "10ms", graceful_stop: "5s" }, steps },
    { signal: stop.signal, log },
  );
  await expect.poll(() => sent).toBeGreaterThan(20);
  await server.kill();
  await server.start();
  const before = sent;
  await expect.poll(() => sent).toBeGreaterThan(before + 20);
  stop.abort();
  const report = await running;
  const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
  expect(failed).toBeGreaterThan(0);
  expect(report.metrics["mq_req_failed"]?.values["passes"]).toBe(failed);
  const { count } = report.metrics["mq_msgs_sent"]?.values ?? {};
  expect(Number(count) + failed).toBe(report.metrics["iterations"]?.values["count"]);
  expect(JSON.stringify(report)).not.toContain("guest");
});

test("what no queue takes fails by itself, also beside messages that are taken", async () => {
  const topic = `we-test-${process.pid}-${Date.now()}`;
  const config = { type: "rabbitmq", url: "amqp://127.0.0.1", message: "消息", timeout: "50s" };
  const mq = (more: object) => ({ type: "mq", config: { ...config, ...more } });
  const rabbit = testBrokers.find(({ type }) => type === "rabbitmq");
  onTestFinished(() => rabbit?.remove(5672, `${topic}-0`));
  const report = await run({
    options: { mode: "per-vu-iterations", vus: 20, iterations: 10 },
    setup: [mq({ topic: `${topic}-0` })],
    steps: [{ ...mq({ topic: `${topic}-\${iteration % 2}`, declare: false }), on_error: "continue" }],
    teardown: [mq({ topic: `${topic}-0`, action: "consume", count: 101, message: undefined })],
  });
  expect(report.errors).toMatchObject([{ code: "mq_unroutable", count: 100 }]);
  expect(report.metrics["mq_msgs_sent"]?.values["count"]).toBe(101);
  expect(report.metrics["mq_msgs_received"]?.values["count"]).toBe(101);
});

test("what a consume step took that ran out of time at the run's end is acknowledged", async () => {
  const rabbit = testBrokers.find(({ type }) => type === "rabbitmq");
  const topic = `we-${randomBytes(6).toString("hex")}`;
  onTestFinished(() => rabbit?.remove(5672, topic));
  const at = { type: "rabbitmq", topic };
  const consume = { type: "mq", config: { ...at, action: "consume", count: 500, timeout: "5s" } };
  const publish = { type: "mq", config: { ...at, message: "once" } };
  const loop = { type: "loop", config: { count: 400, steps: [publish] } };
  const first = await run({ options: { iterations: 1, vus: 1 }, steps: [loop, consume] });
  const second = await run({ options: { iterations: 1, vus: 1 }, steps: [consume] });
  expect(first.metrics["mq_msgs_received"]?.values["count"]).toBe(400);
  expect(second.metrics["mq_msgs_received"]?.values["count"] ?? 0).toBe(0);
});
