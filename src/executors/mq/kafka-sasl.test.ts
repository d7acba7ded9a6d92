import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { startMockKafka, testBrokers } from "../../../test/support/brokers.ts";
import { certificates } from "../../../test/support/certificates.ts";
import { startKafkaGate } from "../../../test/support/kafka-gate.ts";
import { startTlsProxy } from "../../../test/support/tls-proxy.ts";
import { run } from "../../local/run.ts";

// Kafka that asks who comes: a gate before the mock cluster, which leads everything through itself.

const user = { username: "ann", password: "right-pass-0815" };
const rewrite = testBrokers.find(({ type }) => type === "kafka")?.rewrite;

async function startGate() {
  const broker = await startMockKafka();
  onTestFinished(() => broker.close());
  return startKafkaGate(broker.port, user, rewrite);
}

/** Publishes a message over a connection with these fields, and consumes it where that is asked for. */
async function perform(port: number, fields: object, { consumes = false, tls = {} } = {}): Promise<string[]> {
  const config = { connection: "k", topic: `we-${randomBytes(6).toString("hex")}`, tls };
  const take = { ...config, action: "consume", timeout: "50s" };
  const report = await run({
    options: { iterations: 1, vus: 1 },
    connections: { k: { driver: "kafka", host: "127.0.0.1", port, ...fields } },
    steps: [
      { type: "mq", config: { ...config, message: "登录", timeout: "50s" } },
      ...(consumes ? [{ type: "mq", config: take, assert: [{ type: "body", value: "登录" }] }] : []),
    ],
  });
  expect(JSON.stringify(report)).not.toMatch(/right-pass|wrong-pass/);
  return report.errors.map(({ code, message }) => `${code}: ${message}`);
}

test.each([
  ["plain", "PLAIN"],
  ["scram-sha-256", "SCRAM-SHA-256"],
  ["scram-sha-512", "SCRAM-SHA-512"],
])("SASL by %s: who is known is let in", async (mechanism, name) => {
  const { port, admitted } = await startGate();
  expect(await perform(port, { ...user, mechanism })).toEqual([]);
  expect(new Set(admitted)).toEqual(new Set([name]));
});

test("SASL over TLS, to publish and to consume in a group", async () => {
  const { port, admitted } = await startGate();
  const front = await startTlsProxy(port, rewrite);
  const tls = { ca: readFileSync(certificates.authority, "utf8") };
  const fields = { ...user, mechanism: "scram-sha-512", tls: true };
  expect(await perform(front.port, fields, { consumes: true, tls })).toEqual([]);
  // Nobody came but through both.
  expect(admitted.length).toBeGreaterThanOrEqual(3);
  expect(new Set(admitted)).toEqual(new Set(["SCRAM-SHA-512"]));
  expect(front.clients.length).toBe(admitted.length);
});

test.each(["plain", "scram-sha-256"])(
  "a wrong password is refused by %s and told, itself is not",
  async (mechanism) => {
    const { port, admitted } = await startGate();
    const errors = await perform(port, { ...user, password: "wrong-pass-4711", mechanism });
    expect(errors).toEqual([expect.stringMatching(/^mq_auth: .*the broker refuses it: SASL .* authentication failed/)]);
    expect(admitted).toEqual([]);
  },
);

test("nobody in particular is not let in; a mechanism that the server has not is told", async () => {
  const { port, admitted } = await startGate();
  expect((await perform(port, {})).length).toBe(1);
  const errors = await perform(port, { ...user, mechanism: "oauthbearer" });
  expect(errors).toEqual([expect.stringMatching(/^mq_auth: .*does not support the requested SASL mechanism/)]);
  expect(admitted).toEqual([]);
});
