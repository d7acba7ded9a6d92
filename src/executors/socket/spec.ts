import type { JsonObject } from "../../protocol/json.ts";
import { asMs, asSize, asText } from "../../protocol/json-values.ts";
import { choice, describe, object, positiveDuration, scalar, size, text } from "../../protocol/shape.ts";
import { type BytesEncoding, isEncoded } from "../../protocol/encoded-bytes.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { defaultTls, readTls, tlsShape } from "../../protocol/tls.ts";
import type { SocketAction, SocketConfig, SocketProtocol } from "./socket-config.ts";

const shape = object({
  protocol: describe(choice("tcp", "udp", "tls", "unix"), "What is spoken. Default: tcp."),
  action: describe(
    choice("connect", "send", "receive", "close"),
    "What the step does. `send` connects first where nothing is connected; with `delimiter` or `length` it then waits for the " +
      "answer. Default: send where there is `data`, else receive where there is `delimiter` or `length`, else connect.",
  ),
  name: describe(text, "What the VU calls this socket. Default: protocol, host and port together."),
  host: describe(
    text,
    "The host to connect to; for `unix` the path of the socket. May be a template. Required, unless a socket of the step's `name` is connected.",
  ),
  port: describe(scalar, "The port to connect to. May be a template. Required with `host`."),
  path: describe(text, "For `unix`: the same as `host`. Default: `host`."),
  data: describe(text, "What to send, in `encoding`. May be a template. Required for `send`."),
  encoding: describe(
    choice("text", "hex", "base64"),
    "How `data`, `delimiter` and the output are written. Default: text.",
  ),
  delimiter: describe(
    text,
    "An answer ends with this, which is not part of the output. TCP, TLS and unix. Default: none.",
  ),
  length: describe(
    scalar,
    "An answer has so many bytes. TCP, TLS and unix. May be a template. Default: whatever has come.",
  ),
  connect_timeout: describe(
    positiveDuration,
    "The longest time for look-up, connect and TLS, such as `3s`. Default: 10s.",
  ),
  timeout: describe(positiveDuration, "The longest time for the step, such as `5s`. Default: 30s."),
  max_bytes: describe(size, "The most bytes of an answer, and of what nobody has received yet. Default: 1MB."),
  tls: describe(tlsShape, "Certificates of a `tls` socket. Default: verify, with the system's authorities."),
});

/** Speaks bytes over TCP, UDP, TLS or a unix socket. */
export const socketSpec: StepSpec = {
  kind: "executor",
  capability: "socket_executor",
  config: describe(shape, "Connects, sends and receives bytes. A VU's socket lives until `close` or the VU's end."),
  short: null,
  children: [],
  metrics: [
    "socket_reqs",
    "socket_req_failed",
    "socket_req_duration",
    "socket_connecting",
    "data_sent",
    "data_received",
  ],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ tls: _tls, ...config }) => listTemplates(config),
};

function resolve(config: JsonObject, context: SpecContext): SocketConfig {
  const protocol = (asText(config["protocol"]) ?? "tcp") as SocketProtocol;
  const delimiter = asText(config["delimiter"]);
  const length = asText(config["length"]);
  const data = asText(config["data"]);
  const waits = delimiter !== null || length !== null;
  const action = (asText(config["action"]) ?? (data !== null ? "send" : waits ? "receive" : "connect")) as SocketAction;
  const name = asText(config["name"]);
  const host = asText(config["host"]) ?? asText(config["path"]) ?? "";
  const port = asText(config["port"]) ?? "";
  const encoding = (asText(config["encoding"]) ?? "text") as BytesEncoding;
  check();
  return {
    protocol,
    action,
    name,
    host,
    port,
    data,
    encoding,
    delimiter,
    length,
    connectTimeoutMs: asMs(config["connect_timeout"]) ?? 10_000,
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    maxBytes: asSize(config["max_bytes"]) ?? 1_000_000,
    tls: readTls(config["tls"], defaultTls, context),
  };

  function check(): void {
    const { report } = context;
    const has = (key: string) => Object.hasOwn(config, key);
    if (has("host") && has("path")) report(["path"], "`host` and `path` are the same; keep one");
    if (has("tls") && protocol !== "tls") report(["tls"], `a \`${protocol}\` socket has no TLS; write protocol: tls`);
    if (protocol === "unix" && has("port")) report(["port"], "a `unix` socket has a path and no port");
    if (action === "send" && data === null) report([], "`send` needs `data`");
    if (action !== "send" && data !== null) report(["data"], `\`${action}\` sends nothing; write action: send`);
    if (delimiter !== null && length !== null)
      report(["length"], "an answer ends by `delimiter` or by `length`; keep one");
    if (delimiter === "") report(["delimiter"], "an empty delimiter ends nothing");
    if (waits && (action === "connect" || action === "close"))
      report([], `\`${action}\` receives nothing; write action: receive`);
    if (waits && protocol === "udp")
      report([], "an answer over udp is one datagram; leave `delimiter` and `length` out");
    if (host === "" && (name === null || action === "connect"))
      report([], protocol === "unix" ? "`path` is missing" : "`host` is missing");
    if (port === "" && host !== "" && protocol !== "unix") report([], "`port` is missing");
    checkNumber("port", port, 1, 65_535);
    checkNumber("length", length ?? "", 1, asSize(config["max_bytes"]) ?? 1_000_000);
    for (const key of ["data", "delimiter"] as const) {
      const given = asText(config[key]);
      if (given !== null && !given.includes("${") && !isEncoded(given, encoding))
        report([key], `\`${given.slice(0, 60)}\` is not ${encoding}`);
    }
  }

  function checkNumber(key: string, given: string, low: number, high: number): void {
    if (given === "" || given.includes("${")) return;
    const value = Number(given);
    if (!Number.isInteger(value) || value < low || value > high)
      context.report([key], `\`${given}\` is not a whole number from ${low} to ${high}`);
  }
}
