import { EngineError } from "../../errors.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asMs, asObject, asText } from "../../protocol/json-values.ts";
import {
  any,
  choice,
  describe,
  flag,
  list,
  map,
  object,
  positiveDuration,
  scalar,
  text,
  union,
} from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { defaultTls, readTls, tlsShape } from "../../protocol/tls.ts";
import { readBrokerAddress } from "./broker-address.ts";
import { findDestinationProblem, findNameProblem } from "./destination.ts";
import { type BrokerType, brokerTypes, type MqAcks, type MqAction, type MqConfig } from "./mq-config.ts";
import { findHeaderClash } from "./shared-fields.ts";

const shape = object({
  type: describe(choice(...brokerTypes), "The broker. Default: what the `connection` says. Required without one."),
  url: describe(
    { kind: "text", secret: true },
    "Where it is: `amqp://user:password@host:port/vhost`, `nats://…`, `mqtt://…`, `redis://…`, `kafka://…`, or `host:port`. May be a " +
      "template. Default: that of `connection`, else of the slave's connection named as the type, else 127.0.0.1.",
  ),
  broker: describe({ kind: "text", secret: true }, "The same as `url`. Default: `url`."),
  brokers: describe(
    union({ kind: "text", secret: true }, list({ kind: "text", secret: true }, 1)),
    "The same for several, as a list; the first that answers is taken. Default: `url`.",
  ),
  connection: describe(text, "The name of a connection of the workflow or the slave. Default: none."),
  topic: describe(text, "The topic, subject or stream. May be a template. Required, unless there is `queue`."),
  queue: describe(text, "The same as `topic`. Default: `topic`."),
  action: describe(
    choice("publish", "consume"),
    "What the step does. Default: publish where there is `message` or `json`, else consume.",
  ),
  message: describe(
    text,
    "The body to publish, in `encoding`. May be a template. Required for publish, unless there is `json`.",
  ),
  json: describe(
    any,
    "A value to publish as JSON; texts inside may be templates. Required for publish, unless there is `message`.",
  ),
  encoding: describe(choice("text", "base64"), "How `message` is written, and bodies are shown. Default: text."),
  key: describe(
    scalar,
    "The message's key; with `exchange` the routing key (publish) or binding key (consume). May be a template. Default: none.",
  ),
  headers: describe(map(scalar), "Headers to publish with. Values may be templates. Default: none."),
  count: describe(
    scalar,
    "How many messages to consume, at most 10000; 0 only subscribes, so that what comes from then on is kept. May be a template. Default: 1.",
  ),
  group_id: describe(
    text,
    "The group whose members share the messages: Kafka's and Redis' group, NATS' queue group, JetStream's durable consumer, " +
      "MQTT's shared subscription. May be a template. Default: workflow-engine where the broker needs one.",
  ),
  client_id: describe(
    text,
    "What the client calls itself. One with `${vu.id}` gives each VU a connection of its own. May be a template. Default: the broker's choice.",
  ),
  acks: describe(
    scalar,
    "What a publisher waits for: `none` (0), `one` (1), `all` (-1). Only Kafka tells one from all. Default: all.",
  ),
  track: describe(
    flag,
    "Publishing: put the time into the header `x-sent-at`; consuming: measure `mq_e2e_latency` from it. Default: false.",
  ),
  declare: describe(flag, "Make the queue, topic or stream where there is none. Default: true."),
  exchange: describe(
    text,
    "RabbitMQ: the exchange to publish to, or to bind the queue to. May be a template. Default: the queue itself.",
  ),
  stream: describe(
    text,
    "JetStream: the stream that keeps the subject. May be a template. Default: found or named by the subject.",
  ),
  qos: describe(
    { kind: "choice", values: [0, 1, 2] },
    "MQTT: at most once (0), at least once (1), exactly once (2). Default: 1.",
  ),
  retain: describe(flag, "MQTT: the broker keeps the message for those who subscribe later. Default: false."),
  protocol_version: describe(
    union({ kind: "choice", values: [3, 4, 5] }, choice("3.1.1", "5.0")),
    "MQTT: 3.1.1 (or 3, 4) or 5. Default: 5.",
  ),
  connect_timeout: describe(positiveDuration, "The longest time to connect, such as `3s`. Default: 10s."),
  timeout: describe(positiveDuration, "The longest time for the step, such as `5s`. Default: 30s."),
  tls: describe(
    tlsShape,
    "Certificates, where the URL is a secure one. Default: verify, with the system's authorities.",
  ),
});

/** Publishes to a message broker and consumes from it. */
export const mqSpec: StepSpec = {
  kind: "executor",
  capability: "mq_executor",
  config: describe(shape, "Publishes a message to a broker, or consumes messages from it."),
  short: null,
  children: [],
  metrics: [
    "mq_publish_duration",
    "mq_consume_duration",
    "mq_e2e_latency",
    "mq_msgs_sent",
    "mq_msgs_received",
    "mq_req_failed",
    "data_sent",
    "data_received",
  ],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ tls: _tls, ...config }) => listTemplates(config),
};

function resolve(config: JsonObject, context: SpecContext): MqConfig {
  const { report } = context;
  const has = (key: string) => Object.hasOwn(config, key);
  const type = asText(config["type"]) as BrokerType | null;
  const message = asText(config["message"]);
  const body = message !== null ? { message } : has("json") ? { json: JSON.stringify(config["json"]) } : null;
  const action = (asText(config["action"]) ?? (body === null ? "consume" : "publish")) as MqAction;
  const encoding = asText(config["encoding"]) === "base64" ? "base64" : "text";
  const destination = asText(config["topic"]) ?? asText(config["queue"]) ?? "";
  const urls = ["url", "broker", "brokers"].flatMap((key) => asTextList(config[key]));
  const count = asText(config["count"]) ?? "1";
  const protocolVersion = ["3", "4", "3.1.1"].includes(asText(config["protocol_version"]) ?? "") ? 4 : 5;
  check();
  return {
    type,
    action,
    urls,
    connection: asText(config["connection"]),
    destination,
    exchange: asText(config["exchange"]),
    stream: asText(config["stream"]),
    key: asText(config["key"]),
    body,
    encoding,
    headers: Object.fromEntries(
      Object.entries(asObject(config["headers"])).map(([name, value]) => [name, asText(value) ?? ""]),
    ),
    count,
    groupId: asText(config["group_id"]),
    clientId: asText(config["client_id"]),
    acks: readAcks(asText(config["acks"])),
    track: config["track"] === true,
    declare: config["declare"] !== false,
    qos: (config["qos"] ?? 1) as 0 | 1 | 2,
    retain: config["retain"] === true,
    protocolVersion,
    connectTimeoutMs: asMs(config["connect_timeout"]) ?? 10_000,
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    tls: readTls(config["tls"], defaultTls, context),
  };

  function check(): void {
    if (type === null && !has("connection")) report([], "`type` is missing");
    const addresses = ["url", "broker", "brokers", "connection"].filter(has);
    for (const key of addresses.slice(1)) report([key], `\`${addresses[0]}\` and \`${key}\` both say where; keep one`);
    if (has("topic") && has("queue")) report(["queue"], "`topic` and `queue` are the same; keep one");
    if (destination === "") report([], "`topic` or `queue` is missing");
    else if (type !== null && !destination.includes("${")) {
      const problem = findDestinationProblem(type, action, destination);
      if (problem !== null) report([has("topic") ? "topic" : "queue"], problem);
    }
    checkUrls();
    if (has("message") && has("json")) report(["json"], "`message` and `json` are both the body; keep one");
    if (action === "publish" && body === null) report([], "`publish` needs `message` or `json`");
    for (const key of ["message", "json", "headers", "acks", "retain"]) {
      if (action === "consume" && has(key)) report([key], "`consume` sends nothing; write action: publish");
    }
    for (const key of ["count", "group_id"]) {
      if (action === "publish" && has(key)) report([key], "`publish` takes nothing; write action: consume");
    }
    for (const name of Object.keys(asObject(config["headers"]))) {
      const problem = type === null ? null : findHeaderClash(type, name, has("key"));
      if (problem !== null) report(["headers", name], problem);
    }
    for (const key of ["client_id", "group_id", "exchange", "stream"]) {
      const name = asText(config[key]) ?? "";
      const problem = name.includes("${") ? null : findNameProblem(name);
      if (problem !== null) report([key], problem);
    }
    for (const [key, owner] of owned) {
      if (type !== null && has(key) && type !== owner) report([key], `\`${key}\` is for ${owner}, not for ${type}`);
    }
    if (protocolVersion === 4) {
      for (const key of ["headers", "key", "track"]) {
        if (has(key)) report([key], "MQTT 3.1.1 has no headers; write protocol_version: 5");
      }
    }
    const acks = asText(config["acks"]);
    if (acks !== null && type === "mqtt") report(["acks"], "in MQTT `qos` says what a publisher waits for");
    if (acks !== null && !acksWords.has(acks.toLowerCase()))
      report(["acks"], `\`${acks.slice(0, 60)}\` is not one of none, one, all`);
    if (!count.includes("${") && !(count !== "" && Number.isInteger(Number(count)) && inRange(Number(count))))
      report(["count"], `\`${count.slice(0, 60)}\` is not a whole number from 0 to 10000`);
    if (message !== null && !message.includes("${") && encoding === "base64" && !isBase64(message))
      report(["message"], `\`${message.slice(0, 60)}\` is not base64`);
    if (has("encoding") && has("json")) report(["encoding"], "`json` is always text; leave `encoding` out");
  }

  function checkUrls(): void {
    const key = ["url", "broker", "brokers"].find(has);
    if (key === undefined || type === null || urls.some((url) => url.includes("${"))) return;
    try {
      readBrokerAddress(type, urls, {}, { tls: defaultTls, clientId: null, protocolVersion, connectTimeoutMs: 0 });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      report([key], error.message);
    }
  }
}

/** Fields that only one broker knows. */
const owned: readonly (readonly [key: string, type: BrokerType])[] = [
  ["exchange", "rabbitmq"],
  ["stream", "jetstream"],
  ["qos", "mqtt"],
  ["retain", "mqtt"],
  ["protocol_version", "mqtt"],
];

const acksWords: ReadonlyMap<string, MqAcks> = new Map([
  ["none", "none"],
  ["0", "none"],
  ["false", "none"],
  ["one", "one"],
  ["1", "one"],
  ["leader", "one"],
  ["all", "all"],
  ["-1", "all"],
  ["true", "all"],
]);

function readAcks(given: string | null): MqAcks {
  return acksWords.get((given ?? "all").toLowerCase()) ?? "all";
}

function inRange(count: number): boolean {
  return count >= 0 && count <= 10_000;
}

/** Is this text the encoding of bytes? */
export function isBase64(given: string): boolean {
  const bare = given.replaceAll(/\s/g, "");
  return bare.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(bare);
}

function asTextList(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? [value] : [];
}
