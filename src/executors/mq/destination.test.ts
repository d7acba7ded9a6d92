import { expect, test } from "vitest";
import { loadWorkflowObject } from "../../definition/load-workflow.ts";
import { run } from "../../local/run.ts";
import { defaultTls } from "../../protocol/tls.ts";
import { readBrokerAddress } from "./broker-address.ts";
import { findDestinationProblem } from "./destination.ts";

const problemsOf = (config: object): readonly string[] => {
  const loaded = loadWorkflowObject({ steps: [{ type: "mq", config }] }, { env: {} });
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
};

test("filters are for consumers, and what a broker would end the connection for is not sent", () => {
  const problem = (...given: Parameters<typeof findDestinationProblem>) => findDestinationProblem(...given);
  expect(problem("mqtt", "publish", "a/#")).toMatch(/^`a\/#` is a filter for consumers/);
  expect(problem("mqtt", "consume", "a/+/#")).toBeNull();
  expect(problem("mqtt", "consume", "a\0")).toMatch(/holds control characters/);
  expect(problem("nats", "publish", "a.*.b")).toMatch(/is a filter for consumers/);
  expect(problem("jetstream", "consume", "a.>")).toBeNull();
  expect(problem("nats", "consume", "a..b")).toMatch(/is no subject/);
  expect(problem("nats", "publish", "a b")).toMatch(/is no subject/);
  expect(problem("nats", "publish", "订单.*x")).toBeNull();
  expect(problem("rabbitmq", "publish", "a..#")).toBeNull();
});

test("an address and a destination that cannot be are problems of the workflow, and show nothing secret", () => {
  const config = { type: "kafka", url: "http://ann:geheim@x", topic: "a\nb", message: "x" };
  expect(problemsOf(config)).toEqual([
    "steps[0].config.topic: `a\nb` holds control characters; remove them",
    "steps[0].config.url: the broker's address is no kafka URL; write kafka://user:password@host:9092 or host:9092",
  ]);
});

test.each(["client_id", "group_id", "exchange", "stream"])(
  "control characters in %s are a problem of the workflow",
  (key) => {
    const types: Readonly<Record<string, string>> = { exchange: "rabbitmq", stream: "jetstream" };
    const config = { type: types[key] ?? "mqtt", topic: "a", action: "consume", [key]: "a\u0000b" };
    expect(problemsOf(config)).toEqual([`steps[0].config.${key}: \`a\0b\` holds control characters; remove them`]);
    expect(problemsOf({ ...config, [key]: "a${vu.id}" })).toEqual([]);
  },
);

test("control characters in a client id that a template or a connection gives fail before anything is sent", () => {
  const more = { tls: defaultTls, protocolVersion: 5, connectTimeoutMs: 0 } as const;
  expect(() => readBrokerAddress("mqtt", [], {}, { ...more, clientId: "a\n" })).toThrow(/holds control characters/);
  expect(() => readBrokerAddress("mqtt", [], { client_id: "a\n" }, { ...more, clientId: null })).toThrow(
    /holds control characters/,
  );
});

test.each(["nats", "jetstream", "mqtt", "redis"])(
  "a header `key` beside the key shares a field of a %s message",
  (type) => {
    const config = { type, topic: "a", message: "x", headers: { key: "h" } };
    expect(problemsOf({ ...config, key: "k" })).toEqual([
      `steps[0].config.headers.key: the step's \`key\` is the header \`key\` of a ${type} message; keep one, or call the header otherwise`,
    ]);
    expect(problemsOf(config)).toEqual([]);
    expect(problemsOf({ ...config, type: "kafka", key: "k" })).toEqual([]);
    expect(problemsOf({ ...config, type: "rabbitmq", key: "k" })).toEqual([]);
  },
);

test("where only the connection says which broker it is, headers that share a field fail before the load", async () => {
  const connections = { queue: { type: "redis", url: "redis://127.0.0.1:1" } };
  const config = { connection: "queue", topic: "a", message: "x", key: "k", headers: { key: "h" } };
  await expect(run({ connections, steps: [{ id: "send", type: "mq", config }] })).rejects.toThrow(
    /headers\.key: the step's `key` is the header `key` of a redis message/,
  );
});
