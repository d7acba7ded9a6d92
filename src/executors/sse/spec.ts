import type { JsonObject } from "../../protocol/json.ts";
import { asMs, asNumber, asSize, asText, asTexts } from "../../protocol/json-values.ts";
import { matchShape, readMatch } from "../../driver/message-match.ts";
import {
  any,
  choice,
  describe,
  map,
  object,
  positiveDuration,
  scalar,
  size,
  text,
  union,
} from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { checkHeaderNames } from "../../protocol/header-names.ts";
import { proxyShape, readProxy } from "../../protocol/proxy-setting.ts";
import { checkTargetUrl } from "../../protocol/target-url.ts";
import { readTls, tlsShape } from "../../protocol/tls.ts";
import type { SseAction, SseConfig } from "./sse-config.ts";

const shape = object({
  action: describe(
    choice("receive", "connect", "close"),
    "What the step does. `receive` connects first where no stream is open. Default: receive.",
  ),
  url: describe(
    text,
    "Where to: `http://…`, `https://…`, or relative to the base URL; may be a template. Required, unless a stream of the step's `name` is open.",
  ),
  domain: describe(text, "Which of `options.http.domains` a relative URL belongs to. Default: `base_url`."),
  name: describe(text, "What the VU calls this stream. Default: its URL."),
  method: describe(
    { kind: "text", pattern: /^[A-Za-z]+$/, accepts: "a method such as GET or POST" },
    "The method, in any case. Default: GET; POST where there is `body` or `json`.",
  ),
  headers: describe(
    map(scalar),
    "Headers, over those of `options.http`. Values may be templates. Default: those of `options.http`.",
  ),
  body: describe(text, "The body of the request. May be a template. Default: none."),
  json: describe(any, "The body as any value, sent as JSON; texts inside may be templates. Default: none."),
  event: describe(
    text,
    "Take events of this name alone. May be a template. Default: any; `message` is one without a name.",
  ),
  match: describe(
    matchShape,
    "Which events to take, by their data: a text it holds, or `{contains, regex, json}`, of which all that are given must hold. The others are " +
      "passed over. Default: any.",
  ),
  count: describe(
    union(
      { kind: "number", min: 1, max: 10_000, whole: true },
      { kind: "text", pattern: /^all$/, accepts: "a number or all" },
    ),
    "How many events to take; `all`: until the server ends the stream. Default: 1.",
  ),
  last_event_id: describe(
    scalar,
    "Sent as Last-Event-ID. May be a template. Default: the id of the last event of the VU's stream before, if it had one.",
  ),
  connect_timeout: describe(
    positiveDuration,
    "The longest time for look-up, connect and TLS, such as `3s`. Default: that of `options.http`, else 10s.",
  ),
  timeout: describe(positiveDuration, "The longest time for the step, such as `5s`. Default: 30s."),
  max_bytes: describe(
    size,
    "The most bytes of an event, of what nobody has received yet, and of what a step receives. Default: 1MB.",
  ),
  max_events: describe(
    { kind: "number", min: 1, max: 100_000, whole: true },
    "The most events that nobody has received yet; of more the oldest are dropped and counted. Default: 1000.",
  ),
  proxy: proxyShape,
  tls: describe(tlsShape, "Certificates of an https connection. Default: those of `options.http`."),
});

/** Reads event streams. */
export const sseSpec: StepSpec = {
  kind: "executor",
  capability: "http_executor",
  config: describe(
    shape,
    "Opens an event stream and waits for its events. A VU's stream lives until its server ends it, `close` or the VU's end.",
  ),
  short: null,
  children: [],
  metrics: [
    "sse_streams",
    "sse_connecting",
    "sse_first_event",
    "sse_stream_duration",
    "sse_events_received",
    "sse_events_dropped",
    "data_received",
  ],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ tls: _tls, ...config }) => listTemplates(config),
};

function resolve(config: JsonObject, context: SpecContext): SseConfig {
  const has = (key: string) => Object.hasOwn(config, key);
  const action = (asText(config["action"]) ?? "receive") as SseAction;
  const body = asText(config["body"]);
  const { count } = config;
  const sends = body !== null || has("json");
  check();
  checkHeaderNames(config["headers"], context);
  return {
    action,
    url: asText(config["url"]) ?? "",
    domain: asText(config["domain"]),
    name: asText(config["name"]),
    method: (asText(config["method"]) ?? (sends ? "POST" : "GET")).toUpperCase(),
    headers: asTexts(config["headers"]),
    body: body !== null ? { text: body } : has("json") ? { json: config["json"] ?? null } : null,
    event: asText(config["event"]),
    match: readMatch(config["match"], context),
    count: count === "all" ? "all" : (asNumber(count) ?? 1),
    lastEventId: asText(config["last_event_id"]),
    connectTimeoutMs: asMs(config["connect_timeout"]) ?? context.http.connectTimeoutMs,
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    maxBytes: asSize(config["max_bytes"]) ?? 1_000_000,
    maxEvents: asNumber(config["max_events"]) ?? 1000,
    proxy: readProxy(config["proxy"], context.http.proxy, context),
    tls: readTls(config["tls"], context.http.tls, context),
  };

  function check(): void {
    const { report } = context;
    if (has("url")) checkTargetUrl(config, ["http", "https"], context);
    else if (!has("name") || action === "connect") report([], "`url` is missing");
    if (body !== null && has("json")) report(["json"], "a request has one body, `body` or `json`; keep one");
    for (const key of ["event", "match", "count"])
      if (has(key) && action !== "receive") report([key], `\`${action}\` receives nothing; write action: receive`);
  }
}
