import { isHttpToken } from "../../protocol/http-token.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { asList, asMs, asNumber, asSize, asText, asTexts } from "../../protocol/json-values.ts";
import { matchShape, readMatch } from "../../driver/message-match.ts";
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
  size,
  text,
} from "../../protocol/shape.ts";
import { type BytesEncoding, isEncoded } from "../../protocol/encoded-bytes.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { checkHeaderNames } from "../../protocol/header-names.ts";
import { proxyShape, readProxy } from "../../protocol/proxy-setting.ts";
import { checkTargetUrl } from "../../protocol/target-url.ts";
import { readTls, tlsShape } from "../../protocol/tls.ts";
import type { WebSocketAction, WebSocketConfig } from "./websocket-config.ts";

const shape = object({
  action: describe(
    choice("connect", "send", "receive", "ping", "close"),
    "What the step does. All but `close` connect first where nothing is connected; `send` with `match` or `count` then waits for " +
      "its answer, `ping` for the pong. Default: send where there is `data` or `json`, else receive where there is `match` or `count`, else connect.",
  ),
  url: describe(
    text,
    "Where to: `ws://…`, `wss://…`, `http://…`, `https://…`, or relative to the base URL; may be a template. Required, unless a " +
      "connection of the step's `name` is there.",
  ),
  domain: describe(text, "Which of `options.http.domains` a relative URL belongs to. Default: `base_url`."),
  name: describe(text, "What the VU calls this connection. Default: its URL."),
  headers: describe(
    map(scalar),
    "Headers of the upgrade, over those of `options.http`. Values may be templates. Default: those of `options.http`.",
  ),
  subprotocols: describe(list(text, 1), "Subprotocols to offer; the server must take one. Default: none."),
  compression: describe(flag, "Offer permessage-deflate. Default: false."),
  data: describe(text, "What to send, in `encoding`. May be a template. Required for `send`, unless there is `json`."),
  json: describe(
    any,
    "A value to send as JSON; texts inside may be templates. Required for `send`, unless there is `data`.",
  ),
  encoding: describe(
    choice("text", "hex", "base64"),
    "How `data` is written and binary messages are shown; hex and base64 are sent as binary messages. Default: text.",
  ),
  match: describe(
    matchShape,
    "Which message to wait for: a text it holds, or `{contains, regex, json}`, of which all that are given must hold. Those before it are " +
      "passed over. Default: any.",
  ),
  count: describe(
    { kind: "number", min: 1, max: 10_000, whole: true },
    "How many messages to take. Default: 1; for `send` without `match` none.",
  ),
  code: describe(
    { kind: "number", min: 1000, max: 4999, whole: true },
    "The code of `close`: 1000, or 3000 to 4999. Default: 1000.",
  ),
  reason: describe(text, "The reason of `close`. May be a template. Default: none."),
  connect_timeout: describe(
    positiveDuration,
    "The longest time for look-up, connect, TLS and upgrade, such as `3s`. Default: that of `options.http`, else 10s.",
  ),
  timeout: describe(positiveDuration, "The longest time for the step, such as `5s`. Default: 30s."),
  max_bytes: describe(
    size,
    "The most bytes of a message, of what nobody has received yet, and of what a step receives. Default: 1MB.",
  ),
  max_messages: describe(
    { kind: "number", min: 1, max: 100_000, whole: true },
    "The most messages that nobody has received yet; of more the oldest are dropped and counted. Default: 1000.",
  ),
  proxy: proxyShape,
  tls: describe(tlsShape, "Certificates of a wss connection. Default: those of `options.http`."),
});

/** Speaks WebSocket. */
export const websocketSpec: StepSpec = {
  kind: "executor",
  capability: "http_executor",
  config: describe(
    shape,
    "Opens a WebSocket, sends and receives messages. A VU's connection lives until `close` or the VU's end.",
  ),
  short: null,
  children: [],
  metrics: [
    "ws_sessions",
    "ws_connecting",
    "ws_session_duration",
    "ws_msgs_sent",
    "ws_msgs_received",
    "ws_msgs_dropped",
    "ws_ping",
    "data_sent",
    "data_received",
  ],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ tls: _tls, ...config }) => listTemplates(config),
};

function resolve(config: JsonObject, context: SpecContext): WebSocketConfig {
  const has = (key: string) => Object.hasOwn(config, key);
  const sends = has("data") || has("json");
  const waits = has("match") || has("count");
  const action = (asText(config["action"]) ?? (sends ? "send" : waits ? "receive" : "connect")) as WebSocketAction;
  const encoding = (asText(config["encoding"]) ?? "text") as BytesEncoding;
  const data = asText(config["data"]);
  const code = asNumber(config["code"]) ?? 1000;
  const subprotocols = asList(config["subprotocols"]).map((item) => asText(item) ?? "");
  check();
  checkHeaderNames(config["headers"], context);
  return {
    action,
    url: asText(config["url"]) ?? "",
    domain: asText(config["domain"]),
    name: asText(config["name"]),
    headers: asTexts(config["headers"]),
    subprotocols,
    compression: config["compression"] === true,
    body: data !== null ? { text: data } : has("json") ? { json: config["json"] ?? null } : null,
    encoding,
    match: readMatch(config["match"], context),
    count: asNumber(config["count"]) ?? (waits || action === "receive" ? 1 : 0),
    code,
    reason: asText(config["reason"]) ?? "",
    connectTimeoutMs: asMs(config["connect_timeout"]) ?? context.http.connectTimeoutMs,
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    maxBytes: asSize(config["max_bytes"]) ?? 1_000_000,
    maxMessages: asNumber(config["max_messages"]) ?? 1000,
    proxy: readProxy(config["proxy"], context.http.proxy, context),
    tls: readTls(config["tls"], context.http.tls, context),
  };

  function check(): void {
    const { report } = context;
    if (has("url")) checkTargetUrl(config, ["ws", "wss", "http", "https"], context);
    else if (!has("name") || action === "connect") report([], "`url` is missing");
    for (const [place, name] of subprotocols.entries()) {
      if (!name.includes("${") && !isHttpToken(name))
        report(["subprotocols", place], `\`${name.slice(0, 60)}\` is no name; use letters, digits and -._`);
    }
    if (has("data") && has("json")) report(["json"], "a message is `data` or `json`; keep one");
    if (action === "send" && !sends) report([], "`send` needs `data` or `json`");
    if (action !== "send" && sends) report([], `\`${action}\` sends nothing; write action: send`);
    if (waits && action !== "send" && action !== "receive")
      report([], `\`${action}\` receives nothing; write action: receive`);
    if (has("json") && encoding !== "text") report(["encoding"], "`json` is sent as text; write `data` for bytes");
    if (data !== null && !data.includes("${") && !isEncoded(data, encoding))
      report(["data"], `\`${data.slice(0, 60)}\` is not ${encoding}`);
    if (code > 1000 && code < 3000) report(["code"], `\`${code}\` may not be sent; use 1000, or 3000 to 4999`);
    for (const key of ["code", "reason"])
      if (has(key) && action !== "close") report([key], `\`${key}\` belongs to action: close`);
  }
}
