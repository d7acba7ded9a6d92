import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asMs, asNumber, asSize, asText, asTexts } from "../../protocol/json-values.ts";
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
  union,
} from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { defaultTls, readTls, tlsShape } from "../../protocol/tls.ts";
import { parseAddress } from "./address.ts";
import { checkMessages, collectProtos } from "./check-protos.ts";
import type { GrpcCompression, GrpcConfig } from "./grpc-config.ts";
import { readStatus, statusNames } from "./status.ts";

const tls = object({
  ...tlsShape.fields,
  server_name: describe(text, "The name that the server's certificate is checked against. Default: the host."),
});

const shape = object(
  {
    address: describe(
      text,
      "Where to: `host:port`, `grpc://host:port`, or `grpcs://host:port` over TLS. May be a template. Required.",
    ),
    url: describe(text, "The same as `address`. Default: `address`."),
    service: describe(text, "The service, such as `shop.v1.Orders`. Default: what stands before the `/` in `method`."),
    method: describe(text, "The method, such as `Place`, or with its service `shop.v1.Orders/Place`. Required."),
    proto: describe(
      union(text, list(text, 1)),
      "The proto file or files, relative to the workflow; they travel with a submit, with what they import. Default: none, with `reflection`.",
    ),
    import_paths: describe(
      list(text),
      "Folders, relative to the workflow, in which imports are looked for. Default: the workflow's, and those of `proto`.",
    ),
    reflection: describe(flag, "Ask the server for its types (server reflection v1 or v1alpha). Default: false."),
    message: describe(any, "The message to send, as a map of its fields. May hold templates. Default: an empty one."),
    messages: describe(list(any), "The messages to send to a method that takes a stream. Default: `message`."),
    metadata: describe(
      map(scalar),
      "Metadata to send; the values of names that end in `-bin` are base64. Default: none.",
    ),
    timeout: describe(positiveDuration, "The longest time for the call, which the server is told too. Default: 30s."),
    connect_timeout: describe(positiveDuration, "The longest time for look-up, connect and TLS. Default: 10s."),
    tls: describe(
      union(flag, tls),
      "Speak TLS: true, or its settings. Default: only where the address begins with grpcs://.",
    ),
    compression: describe(choice("identity", "deflate", "gzip"), "How messages are sent. Default: identity."),
    connections: describe(
      choice("vu", "shared"),
      "Whose a connection is: with `vu` each VU has its own, with `shared` the VUs of a thread have one. Default: vu.",
    ),
    authority: describe(text, "The authority that the server sees. Default: host and port."),
    user_agent: describe(text, "Stands first in the user agent. Default: none."),
    expect_status: describe(
      union(scalar, list(scalar, 1)),
      "The status or statuses with which the step passes, by name or number. Default: OK.",
    ),
    max_messages: describe(
      { kind: "number", min: 1, whole: true },
      "End the stream after so many answers. Default: when the server ends it.",
    ),
    max_bytes: describe(size, "The most bytes of one answer, and of all that are kept of a stream. Default: 4MB."),
  },
  ["method"],
);

/** Calls a method of a gRPC service. */
export const grpcSpec: StepSpec = {
  kind: "executor",
  capability: "grpc_executor",
  config: describe(shape, "Calls a method of a gRPC service: one message or a stream, in each direction."),
  short: null,
  children: [],
  metrics: [
    "grpc_reqs",
    "grpc_req_failed",
    "grpc_req_duration",
    "grpc_connecting",
    "grpc_streams",
    "grpc_streams_msgs_sent",
    "grpc_streams_msgs_received",
    "data_sent",
    "data_received",
  ],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ address, url, message, messages, metadata }) =>
    Object.entries({ address, url, message, messages, metadata }).flatMap(([key, value]) =>
      listTemplates(value, [key]),
    ),
};

function resolve(config: JsonObject, context: SpecContext): GrpcConfig {
  const { report } = context;
  const has = (key: string) => Object.hasOwn(config, key);
  const address = asText(config["address"]) ?? asText(config["url"]) ?? "";
  const [service, method] = readMethod();
  const usesTls = config["tls"] !== undefined && config["tls"] !== false;
  checkAddress();
  checkMetadata();
  if (has("message") && has("messages")) report(["messages"], "`message` and `messages` are the same; keep one");
  const messages = has("messages") ? asList(config["messages"]) : [config["message"] ?? {}];
  const collected = collect();
  if (collected !== null && service !== "" && method !== "") {
    checkMessages(collected.root, { service, method, messages, isList: has("messages") }, report);
  }
  return {
    address,
    service,
    method,
    protos: collected?.files ?? null,
    messages,
    isList: has("messages"),
    metadata: asTexts(config["metadata"]),
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    connectTimeoutMs: asMs(config["connect_timeout"]) ?? 10_000,
    isSecure: usesTls || address.startsWith("grpcs:"),
    tls: readTls(config["tls"], defaultTls, context),
    serverName: asText(readField(config["tls"], "server_name")),
    compression: (asText(config["compression"]) ?? "identity") as GrpcCompression,
    connections: (asText(config["connections"]) ?? "vu") as "vu" | "shared",
    authority: asText(config["authority"]),
    userAgent: asText(config["user_agent"]),
    expectStatus: readExpected(),
    maxMessages: asNumber(config["max_messages"]),
    maxBytes: asSize(config["max_bytes"]) ?? 4 * 1024 * 1024,
  };

  function readMethod(): [service: string, method: string] {
    const [first = "", second, ...more] = (asText(config["method"]) ?? "").replace(/^\//, "").split("/");
    const given = asText(config["service"]);
    const parts: [string, string] = second === undefined ? [given ?? "", first] : [first, second];
    if (second !== undefined && given !== null && given !== first) {
      report(["service"], `\`method\` names the service \`${first}\` already; keep one`);
    }
    if (parts[0] === "") report(["method"], "its service is missing; write `package.Service/Method`");
    else if (more.length > 0 || !parts.every((part) => /^[A-Za-z_][\w.]*$/.test(part))) {
      report(["method"], "it is none; write `package.Service/Method`");
    }
    return parts;
  }

  function checkAddress(): void {
    if (has("address") && has("url")) report(["url"], "`address` and `url` are the same; keep one");
    if (address === "") report([], "`address` is missing");
    else if (!address.includes("${") && parseAddress(address, usesTls) === null) {
      report(
        [has("address") ? "address" : "url"],
        `\`${address.slice(0, 80)}\` is not \`host:port\`, \`grpc://host:port\` or \`grpcs://host:port\``,
      );
    }
    if (usesTls && address.startsWith("grpc:")) report(["tls"], "grpc:// has no TLS; write grpcs://");
  }

  function checkMetadata(): void {
    for (const [key, value] of Object.entries(asTexts(config["metadata"]))) {
      if (!/^[\w.-]+$/.test(key)) report(["metadata", key], "a name has letters, digits, `_`, `-` and `.`");
      else if (/^grpc-/i.test(key)) report(["metadata", key], "names that begin with `grpc-` are the protocol's own");
      else if (value.includes("${")) continue;
      else if (key.endsWith("-bin") && !/^[\w+/-]*={0,2}$/.test(value))
        report(["metadata", key], "its value is not base64");
      else if (!key.endsWith("-bin") && !/^[ -~]*$/.test(value)) {
        report(["metadata", key], "its value is not ASCII; end the name in `-bin` and write base64");
      }
    }
  }

  function collect() {
    if (config["reflection"] === true) {
      if (has("proto")) report(["reflection"], "`proto` tells the types already; keep one");
      return null;
    }
    if (!has("proto")) {
      report([], "the types are missing: name the `proto`, or write reflection: true");
      return null;
    }
    const one = asText(config["proto"]);
    const named = one === null ? asList(config["proto"]).map((item) => asText(item) ?? "") : [one];
    const importPaths = asList(config["import_paths"]).map((item) => asText(item) ?? "");
    return collectProtos(named, importPaths, context);
  }

  function readExpected(): number[] {
    const given = config["expect_status"];
    const items: readonly Json[] =
      given === undefined ? ["OK"] : Array.isArray(given) ? (given as readonly Json[]) : [given];
    return items.flatMap((item) => {
      const code = readStatus(asText(item) ?? "");
      if (code !== null) return [code];
      report(
        ["expect_status"],
        `\`${String(asText(item))}\` is no status; write a number from 0 to 16 or one of ${statusNames.join(", ")}`,
      );
      return [];
    });
  }
}

function readField(value: Json | undefined, key: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject)[key] : undefined;
}
