import { EngineError } from "../../errors.ts";
import { evaluateOnce, isConstantJson } from "../../driver/constant-texts.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Evaluate, StepContext, VirtualUser } from "../../protocol/step.ts";
import { type BrokerAddress, readBrokerAddress, readBrokerType } from "./broker-address.ts";
import { findDestinationProblem, findNameProblem } from "./destination.ts";
import type { BrokerType, MqConfig } from "./mq-config.ts";
import { findHeaderClash } from "./shared-fields.ts";
import { isBase64 } from "./spec.ts";

const noBytes = Buffer.alloc(0);

/** A step's texts, filled in for one VU. */
export interface MqTexts {
  readonly address: BrokerAddress;
  readonly destination: string;
  readonly exchange: string | null;
  readonly stream: string | null;
  readonly key: string | null;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly groupId: string | null;
  readonly count: number;
}

/** The addresses of a thread: equal ones are the same object. */
export type Addresses = Map<string, BrokerAddress>;

/** The broker that a step speaks to, and the connection it names. Throws EngineError `invalid_workflow`. */
export function findConnection(
  { type, connection: name, urls }: MqConfig,
  connections: Readonly<Record<string, JsonObject>>,
): { readonly type: BrokerType; readonly connection: JsonObject } {
  const own = (wanted: string) => (Object.hasOwn(connections, wanted) ? connections[wanted] : undefined);
  if (name === null) {
    if (type === null) throw new EngineError("invalid_workflow", "an mq step needs `type` or `connection`");
    return { type, connection: urls.length > 0 ? {} : (own(type) ?? {}) };
  }
  const connection = own(name);
  if (connection === undefined) {
    const known = Object.keys(connections).join(", ");
    const hint = known === "" ? "there is none" : `there are ${known}`;
    throw new EngineError("invalid_workflow", `no connection is named \`${name}\`; ${hint}`);
  }
  const found = type ?? readBrokerType(connection);
  if (found === null)
    throw new EngineError("invalid_workflow", `the connection \`${name}\` names no broker; give the step a \`type\``);
  return { type: found, connection };
}

/** Throws EngineError `invalid_workflow` for headers that the broker cannot carry; `fill` throws `template` for what cannot be. */
export function compileTexts(
  config: MqConfig,
  connections: Readonly<Record<string, JsonObject>>,
  { template, templateJson }: StepContext,
  addresses: Addresses,
): { readonly type: BrokerType; readonly fill: Evaluate<MqTexts> } {
  const { type, connection } = findConnection(config, connections);
  const evaluate = (text: string | null): Evaluate<string | null> => {
    if (text === null) return () => null;
    if (!text.includes("$")) return () => text;
    const compiled = template(text);
    return (vu) => String(compiled(vu));
  };
  const evaluateName = (text: string | null): Evaluate<string | null> => {
    const read = evaluate(text);
    return (vu) => {
      const name = read(vu);
      const problem = name === null ? null : findNameProblem(name);
      if (problem !== null) throw new EngineError("template", problem);
      return name;
    };
  };
  const destination = evaluate(config.destination);
  const exchange = evaluateName(config.exchange);
  const stream = evaluateName(config.stream);
  const key = evaluate(config.key);
  const groupId = evaluateName(config.groupId);
  const count = evaluate(config.count);
  const headers = Object.entries(config.headers).map(([name, value]) => [name, evaluate(value)] as const);
  for (const [name] of headers) {
    const problem = findHeaderClash(type, name, config.key !== null);
    if (problem !== null) throw new EngineError("invalid_workflow", `headers.${name}: ${problem}`);
  }
  const isPlain = headers.every(([name]) => !config.headers[name]?.includes("$"));
  const fixedHeaders = isPlain ? Object.fromEntries(Object.entries(config.headers)) : null;
  const body = compileBody();
  const address = compileAddress();

  const evaluateAll: Evaluate<MqTexts> = (vu) => {
    const named = destination(vu);
    if (named === null || named === "")
      throw new EngineError("template", "the topic or queue is empty; give it a name");
    const problem = findDestinationProblem(type, config.action, named);
    if (problem !== null) throw new EngineError("template", problem);
    return {
      address: address(vu),
      destination: named,
      exchange: exchange(vu),
      stream: stream(vu),
      key: key(vu),
      body: body(vu),
      headers: fixedHeaders ?? Object.fromEntries(headers.map(([name, value]) => [name, value(vu) ?? ""])),
      groupId: groupId(vu),
      count: wholeCount(count(vu) ?? "1"),
    };
  };
  return { type, fill: isConstantJson(config as unknown as Json) ? evaluateOnce(evaluateAll) : evaluateAll };

  function compileBody(): Evaluate<Buffer> {
    if (config.body === null) return () => noBytes;
    if ("json" in config.body) {
      const value = templateJson(JSON.parse(config.body.json));
      return (vu) => Buffer.from(JSON.stringify(value(vu)));
    }
    const { message } = config.body;
    const encode = (text: string): Buffer => {
      if (config.encoding === "text") return Buffer.from(text, "utf8");
      if (isBase64(text)) return Buffer.from(text, "base64");
      throw new EngineError("template", `message: \`${text.slice(0, 60)}\` is not base64`);
    };
    if (!message.includes("$")) {
      const fixed = encode(message);
      return () => fixed;
    }
    const compiled = template(message);
    return (vu) => {
      const value = compiled(vu);
      return encode(typeof value === "object" ? JSON.stringify(value) : String(value));
    };
  }

  function compileAddress(): Evaluate<BrokerAddress> {
    const urls = config.urls.map(evaluate);
    const clientId = evaluate(config.clientId);
    const { tls, protocolVersion, connectTimeoutMs } = config;
    const make = (vu: VirtualUser): BrokerAddress => {
      const more = { tls, protocolVersion, connectTimeoutMs, clientId: clientId(vu) };
      const texts = urls.map((url) => url(vu) ?? "");
      return unify(readBrokerAddress(type, texts, connection, more), addresses);
    };
    const changes = [...config.urls, config.clientId ?? ""].some((text) => text.includes("$"));
    if (changes) return make;
    let fixed: BrokerAddress | null = null;
    return (vu) => {
      fixed ??= make(vu);
      return fixed;
    };
  }
}

function unify(address: BrokerAddress, addresses: Addresses): BrokerAddress {
  const content = JSON.stringify(address);
  const known = addresses.get(content);
  if (known !== undefined) return known;
  addresses.set(content, address);
  return address;
}

function wholeCount(text: string): number {
  const number = Number(text);
  if (text !== "" && Number.isInteger(number) && number >= 0 && number <= 10_000) return number;
  throw new EngineError("template", `count: \`${text.slice(0, 60)}\` is not a whole number from 0 to 10000`);
}
