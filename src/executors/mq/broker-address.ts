import { EngineError } from "../../errors.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asText } from "../../protocol/json-values.ts";
import type { HttpTls } from "../../protocol/workflow.ts";
import { findNameProblem } from "./destination.ts";
import { type BrokerType, brokerTypes } from "./mq-config.ts";

/** How to reach a broker and as whom; holds secrets. */
export interface BrokerAddress {
  readonly type: BrokerType;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | null;
  readonly password: string | null;
  /** NATS. */
  readonly token: string | null;
  /** Kafka's way of authentication: `plain`, `scram-sha-256` or `scram-sha-512`. */
  readonly mechanism: string;
  /** RabbitMQ's virtual host; the number of Redis' database; empty: the default. */
  readonly path: string;
  readonly secure: boolean;
  readonly tls: HttpTls;
  readonly clientId: string | null;
  /** Of MQTT. */
  readonly protocolVersion: 4 | 5;
  readonly connectTimeoutMs: number;
  /** For people, without secrets: `rabbitmq 127.0.0.1:5672`. */
  readonly shown: string;
}

interface Known {
  readonly schemes: readonly string[];
  readonly secureSchemes: readonly string[];
  readonly port: number;
  readonly securePort: number;
}

const known: Readonly<Record<BrokerType, Known>> = {
  rabbitmq: { schemes: ["amqp"], secureSchemes: ["amqps"], port: 5672, securePort: 5671 },
  kafka: { schemes: ["kafka"], secureSchemes: ["kafkas"], port: 9092, securePort: 9093 },
  nats: { schemes: ["nats"], secureSchemes: ["tls"], port: 4222, securePort: 4222 },
  jetstream: { schemes: ["nats"], secureSchemes: ["tls"], port: 4222, securePort: 4222 },
  mqtt: { schemes: ["mqtt", "tcp"], secureSchemes: ["mqtts", "ssl", "tls"], port: 1883, securePort: 8883 },
  redis: { schemes: ["redis"], secureSchemes: ["rediss"], port: 6379, securePort: 6379 },
};

/** The broker's type that a connection names; null: none that there is. */
export function readBrokerType(connection: JsonObject): BrokerType | null {
  const named = asText(connection["type"]) ?? asText(connection["driver"]);
  return brokerTypes.find((type) => type === named) ?? null;
}

/**
 * Puts an address together from URLs (`amqp://user:password@host:port/vhost`, or `host:port`) and the fields of a named
 * connection, which URLs win over; without either it is this machine. Throws EngineError `template`, which shows nothing
 * that may be secret.
 */
export function readBrokerAddress(
  type: BrokerType,
  urls: readonly string[],
  connection: JsonObject,
  more: Pick<BrokerAddress, "tls" | "clientId" | "protocolVersion" | "connectTimeoutMs">,
): BrokerAddress {
  const { schemes, secureSchemes, port, securePort } = known[type];
  const given = urls.length > 0 ? urls : listUrls(connection);
  const fieldHost = asText(connection["host"]);
  const parsed = given.flatMap((text) => text.split(",")).map((text) => parse(text.trim()));
  const [first] = parsed;
  const secure = first?.secure ?? (connection["tls"] === true || isObject(connection["tls"]));
  const usual = secure ? securePort : port;
  const fieldPort = Number(connection["port"] ?? usual);
  const hosts =
    parsed.length > 0
      ? parsed.map((each) => ({ host: each.host, port: each.port ?? usual }))
      : [{ host: fieldHost ?? "127.0.0.1", port: fieldPort }];
  for (const each of hosts) {
    if (!Number.isInteger(each.port) || each.port < 1 || each.port > 65_535)
      throw new EngineError("template", "the broker's port is not a whole number from 1 to 65535");
  }
  const clientId = more.clientId ?? asText(connection["client_id"]);
  const problem = clientId === null ? null : findNameProblem(clientId);
  if (problem !== null) throw new EngineError("template", problem);
  return {
    type,
    hosts,
    username: first?.username ?? asText(connection["username"]) ?? asText(connection["user"]),
    password: first?.password ?? asText(connection["password"]),
    token: first?.token ?? asText(connection["token"]),
    mechanism: (asText(connection["mechanism"]) ?? "plain").toLowerCase(),
    path: first?.path ?? asText(connection["vhost"]) ?? asText(connection["database"]) ?? "",
    secure,
    ...more,
    clientId,
    shown: `${type} ${hosts.map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)).join(",")}`,
  };

  function parse(text: string) {
    const whole = text.includes("://") ? text : `${schemes[0]}://${text}`;
    const url = URL.parse(whole);
    const scheme = url?.protocol.slice(0, -1) ?? "";
    if (url === null || url.hostname === "" || ![...schemes, ...secureSchemes].includes(scheme)) {
      const form = `${schemes[0]}://user:password@host:${port}`;
      throw new EngineError("template", `the broker's address is no ${type} URL; write ${form} or host:${port}`);
    }
    const username = unescape(url.username);
    const password = unescape(url.password);
    const isToken = (type === "nats" || type === "jetstream") && username !== "" && password === "";
    return {
      secure: secureSchemes.includes(scheme),
      host: url.hostname.replaceAll(/^\[|\]$/g, ""),
      port: url.port === "" ? null : Number(url.port),
      username: username === "" || isToken ? null : username,
      password: password === "" ? null : password,
      token: isToken ? username : null,
      path: url.pathname.length > 1 ? unescape(url.pathname.slice(1)) : null,
    };
  }
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function listUrls(connection: JsonObject): readonly string[] {
  for (const key of ["url", "dsn", "broker", "brokers"]) {
    const value = connection[key];
    if (typeof value === "string" && value !== "") return [value];
    if (Array.isArray(value)) return value.map(String);
  }
  return [];
}

function isObject(value: Json | undefined): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
