import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { type GrpcServer, protoFolder, startGrpcServer } from "../../../test/support/grpc-server.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

const pem = (file: string) => readFileSync(file, "utf8");

async function perform(steps: readonly object[], options: object = {}): Promise<Report> {
  const bound = "duration" in options ? {} : { iterations: 1 };
  const workflow = { options: { vus: 1, on_error: "continue", ...bound, ...options }, steps };
  return run(workflow, { folder: protoFolder, threads: 1 });
}

const call = ({ port }: { readonly port: number }, method: string, config: object, more: object = {}): object => ({
  type: "grpc",
  config: { address: `127.0.0.1:${port}`, method: `shop.v1.Shop/${method}`, proto: "shop.proto", ...config },
  ...more,
});

const errors = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);
const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"];
const checks = (report: Report) => report.checks.map(({ passes, fails }) => [passes, fails]);

test("every kind of value goes there and back as proto3's JSON, digits, bytes and 中文 intact", async () => {
  const server = await startGrpcServer();
  const item = {
    name: "咖啡 ☕ ${vu.id}",
    big: "-9223372036854775808",
    huge: "18446744073709551615",
    data: "AP8K",
    color: "BLUE",
    counts: { 一: 1, b: -2 },
    prices: { "-5": { currency: "CNY", units: "9007199254740993" } },
    answers: { true: "yes", false: "no" },
    money: { currency: "EUR", units: 3 },
    any: { "@type": "type.googleapis.com/shop.v1.Ask", name: "inner", delay_ms: 5 },
    at: "2026-01-31T12:00:00.123456789+01:00",
    lasts: "-1.5s",
    more: { a: [1, "x", null, { b: true }] },
    value: null,
    maybe: "",
    maybe_big: "0",
    parts: [{ name: "a" }, { some_number: 0 }],
    colors: ["RED", 7],
    ratio: "NaN",
    small: -7,
  };
  const report = await perform([
    call(
      server,
      "Echo",
      { message: item },
      {
        id: "echo",
        assert: [
          { type: "status", value: 0 },
          { type: "json", path: "$.name", value: "咖啡 ☕ 1" },
          { type: "json", path: "$.big", value: "-9223372036854775808" },
          { type: "json", path: "$.huge", value: "18446744073709551615" },
          { type: "json", path: "$.data", value: "AP8K" },
          { type: "json", path: "$.color", value: "BLUE" },
          { type: "json", path: "$.counts['一']", value: 1 },
          { type: "json", path: "$.prices['-5'].units", value: "9007199254740993" },
          { type: "json", path: "$.answers['false']", value: "no" },
          { type: "json", path: "$.money.currency", value: "EUR" },
          { type: "json", path: "$.any.delayMs", value: 5 },
          { type: "json", path: "$.at", value: "2026-01-31T11:00:00.123456789Z" },
          { type: "json", path: "$.lasts", value: "-1.500s" },
          { type: "json", path: "$.more.a[3].b", value: true },
          { type: "json", path: "$.maybeBig", value: "0" },
          { type: "json", path: "$.parts[1].someNumber", value: 0 },
          { type: "json", path: "$.parts[0].flag", value: false },
          { type: "json", path: "$.colors[1]", value: 7 },
          { type: "json", path: "$.ratio", value: "NaN" },
        ],
      },
    ),
    call(
      server,
      "Echo",
      { message: { name: "${echo.output.message.huge}", huge: "${echo.output.message.huge}" } },
      {
        assert: [{ type: "json", path: "$.name", value: "18446744073709551615" }],
      },
    ),
  ]);
  expect(errors(report)).toEqual([]);
  expect(report.checks.filter(({ fails }) => fails > 0)).toEqual([]);
});

test("the four kinds, their messages counted; metadata goes and comes", async () => {
  const server = await startGrpcServer();
  const report = await perform([
    call(
      server,
      "Get",
      { message: { name: "Ann", count: 2 }, metadata: { "x-user": "u${vu.id}", "x-raw-bin": "AP8=" } },
      {
        id: "one",
        assert: [
          { type: "json", path: "$.name", value: "hello Ann" },
          { type: "header", path: "x-head", value: "start" },
        ],
      },
    ),
    call(
      server,
      "List",
      { message: { name: "x", count: 5 } },
      {
        id: "many",
        assert: [{ type: "json", path: "$[4].number", value: 5 }],
      },
    ),
    call(
      server,
      "Collect",
      { messages: [{ name: "a" }, { name: "${one.output.trailers['x-trailer']}" }] },
      {
        assert: [{ type: "json", path: "$.name", value: "a,end" }],
      },
    ),
    call(
      server,
      "Chat",
      { messages: [{ name: "甲" }, { name: "b", count: 2 }] },
      {
        id: "chat",
        checks: [
          { type: "expression", value: "${chat.output.messages[0].name == '甲!' && chat.output.status == 'OK'}" },
        ].slice(1),
        assert: [{ type: "json", path: "$[2].name", value: "b!" }],
      },
    ),
    call(
      server,
      "List",
      { message: { name: "x", count: 100000 }, max_messages: 3 },
      {
        assert: [{ type: "json", path: "$[2].number", value: 3 }],
      },
    ),
  ]);
  expect(errors(report)).toEqual([]);
  expect(checks(report)).toEqual(Array.from({ length: 6 }, () => [1, 0]));
  expect(server.metadata[0]?.get("x-user")).toEqual(["u1"]);
  expect(server.metadata[0]?.get("x-raw-bin")).toEqual([Buffer.from([0, 255])]);
  expect(count(report, "grpc_reqs")).toBe(5);
  expect(count(report, "grpc_streams")).toBe(4);
  expect(count(report, "grpc_streams_msgs_sent")).toBe(1 + 2 + 2 + 1);
  expect(count(report, "grpc_streams_msgs_received")).toBe(5 + 1 + 3 + 3);
  expect(count(report, "grpc_connecting")).toBe(1);
});

test("a status that is not expected fails the step: wrong credentials, and one that the server is asked for", async () => {
  const server = await startGrpcServer({ token: "Bearer 1" });
  const report = await perform([
    call(server, "Get", {}, { id: "stranger" }),
    call(server, "Get", { metadata: { authorization: "Bearer 1" } }),
    call(
      server,
      "Get",
      { metadata: { authorization: "Bearer 1" }, message: { status: 5 }, expect_status: ["NOT_FOUND", 0] },
      {
        id: "gone",
        assert: [{ type: "status", value: 5 }],
        extract: [{ name: "why", from: "json", path: "$.x", default: "${gone.output.status}" }].slice(1),
      },
    ),
    call(server, "List", { message: { status: 9, count: 2 } }, { id: "half" }),
  ]);
  expect(errors(report).toSorted()).toEqual([
    "grpc_failed_precondition: FAILED_PRECONDITION: halfway",
    "grpc_unauthenticated: UNAUTHENTICATED: who are you? 你是谁",
  ]);
  expect(report.metrics["grpc_req_failed"]?.values).toMatchObject({ passes: 2, fails: 2 });
});

test("the deadline is sent, and what is not done then fails without a number of the moment", async () => {
  const server = await startGrpcServer();
  const report = await perform([
    call(server, "Get", { message: { delay_ms: 20_000 }, timeout: "300ms" }),
    call(server, "Get", { message: { delay_ms: 20_000 }, timeout: "300ms", expect_status: "DEADLINE_EXCEEDED" }),
    call(server, "Get", {}),
  ]);
  expect(errors(report)).toEqual([
    "grpc_deadline_exceeded: DEADLINE_EXCEEDED: not done in time; raise the timeout, or see what the server does",
  ]);
  expect(server.metadata).toHaveLength(3);
});

test("an answer beyond max_bytes is refused, one message and a stream of many", async () => {
  const server = await startGrpcServer();
  const report = await perform([
    call(server, "Get", { message: { count: 3_000_000 }, max_bytes: "1MB" }, { id: "big" }),
    call(
      server,
      "List",
      { message: { count: 50_000 }, max_bytes: "1MB" },
      {
        id: "kept",
        assert: [{ type: "json", path: "$[0].number", value: 1 }],
      },
    ),
    call(server, "List", { message: { count: 50_000 }, max_bytes: "1MB" }, { id: "counted" }),
    call(server, "Get", { message: { count: 3_000_000 } }, { id: "fits" }),
  ]);
  expect(errors(report).toSorted()).toEqual([
    expect.stringMatching(/^grpc_resource_exhausted: RESOURCE_EXHAUSTED: Received message larger than max/),
    "grpc_resource_exhausted: RESOURCE_EXHAUSTED: the answers are larger than 1000000 bytes; raise max_bytes",
  ]);
});

test.each(["v1", "v1alpha"] as const)("reflection %s tells the types, once for all VUs", async (version) => {
  const server = await startGrpcServer({ reflection: version });
  const report = await perform(
    [
      call(
        server,
        "Echo",
        {
          proto: undefined,
          reflection: true,
          message: {
            counts: { a: 1 },
            answers: { false: "no" },
            prices: { 7: { units: "${vu.id}" } },
            value: { x: [null] },
            some_number: 0,
            color: "RED",
          },
        },
        {
          assert: [
            { type: "json", path: "$.answers['false']", value: "no" },
            { type: "json", path: "$.prices['7'].units", value: "${text(vu.id)}" },
            { type: "json", path: "$.value.x[0]", operator: "exists" },
            { type: "json", path: "$.someNumber", value: 0 },
            { type: "json", path: "$.color", value: "RED" },
          ],
        },
      ),
      call(server, "Nothing", { proto: undefined, reflection: true }, { id: "wrong" }),
    ].map((step) => JSON.parse(JSON.stringify(step)) as object),
    { vus: 3, iterations: 6 },
  );
  expect(errors(report)).toEqual([
    "grpc_unimplemented: `shop.v1.Shop` has no method `Nothing`; there are `Echo`, `Get`, `List`, `Collect`, `Chat`",
  ]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([6, 6, 6, 6, 6]);
});

test("a server without reflection is told", async () => {
  const server = await startGrpcServer();
  const report = await perform([
    { type: "grpc", config: { address: `127.0.0.1:${server.port}`, method: "shop.v1.Shop/Get", reflection: true } },
  ]);
  expect(errors(report)).toEqual(["grpc_unimplemented: the server has no reflection; name the `proto` instead"]);
});

test("tls verifies the server, and shows the client's certificate", async () => {
  const server = await startGrpcServer({
    tls: { ...certificates.server, clients: certificates.authority },
  });
  const at = { address: `grpcs://localhost:${server.port}` };
  const ca = pem(certificates.authority);
  const own = { cert: pem(certificates.slave.cert), key: pem(certificates.slave.key) };
  const report = await perform([
    call(server, "Get", { ...at, tls: { ca, ...own } }, { id: "known" }),
    call(server, "Get", { ...at, tls: { verify: false, ...own } }, { id: "unverified" }),
    call(server, "Get", { ...at, tls: { ca, server_name: "elsewhere.test", ...own } }, { id: "other" }),
    call(server, "Get", { ...at, tls: own }, { id: "untrusted" }),
    call(server, "Get", { ...at, tls: { ca } }, { id: "nobody" }),
  ]);
  expect(report.metrics["grpc_req_failed"]?.values).toMatchObject({ passes: 3, fails: 2 });
  expect(errors(report).toSorted()).toEqual([
    expect.stringMatching(
      /^grpc_unavailable: UNAVAILABLE: not connected: Hostname.IP does not match .*elsewhere\.test/,
    ),
    "grpc_unavailable: UNAVAILABLE: not connected: self-signed certificate in certificate chain",
    "grpc_unavailable: UNAVAILABLE: not connected: tlsv13 alert certificate required",
  ]);
});

async function restart(server: GrpcServer, end: () => unknown): Promise<GrpcServer> {
  await end();
  return startGrpcServer({ port: server.port });
}

test.each(["vu", "shared"] as const)(
  "a server that is killed and comes back: errors counted, the run goes on at once (%s)",
  async (connections) => {
    const server = await startGrpcServer();
    const running = perform([call(server, "Get", { connections })], { vus: 2, duration: "2s", think_time: "5ms" });
    await expect.poll(() => server.metadata.length).toBeGreaterThan(10);
    server.kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const second = await restart(server, () => undefined);
    const report = await running;
    expect(second.metadata.length).toBeGreaterThan(10);
    expect(report.errors.length).toBeGreaterThan(0);
    // A server that is killed may still say that it ends the calls in flight.
    const codes = new Set(report.errors.map(({ code }) => code));
    codes.delete("grpc_cancelled");
    expect(codes).toEqual(new Set(["grpc_unavailable"]));
    const { passes, fails } = report.metrics["grpc_req_failed"]?.values ?? {};
    expect(Number(passes) + Number(fails)).toBe(count(report, "grpc_reqs"));
  },
);

test("GOAWAY: calls in flight end, the next dial anew", async () => {
  const server = await startGrpcServer();
  const running = perform([call(server, "Get", { message: { delay_ms: 20 } })], { vus: 3, duration: "1500ms" });
  await expect.poll(() => server.metadata.length).toBeGreaterThan(5);
  const second = await restart(server, () => server.drain());
  const report = await running;
  expect(second.metadata.length).toBeGreaterThan(5);
  expect([...new Set(report.errors.map(({ code }) => code))].filter((code) => code !== "grpc_unavailable")).toEqual([]);
});

test("a server that is not there, an address that says nothing, a name that nobody knows", async () => {
  const server = await startGrpcServer();
  server.kill();
  const report = await perform([
    call(server, "Get", {}, { id: "refused" }),
    call(server, "Get", { address: "nobody.invalid:1" }, { id: "unknown" }),
    call(server, "Get", { address: "${'no address'}" }, { id: "wrong" }),
  ]);
  expect(errors(report).toSorted()).toEqual([
    expect.stringMatching(/^110\d: .*nobody\.invalid/),
    expect.stringMatching(/^grpc_unavailable: UNAVAILABLE: not connected: connect ECONNREFUSED/),
    expect.stringMatching(/^template: .*`no address` is not host:port/),
  ]);
});

test("connections: one per VU, or one for all of a thread", async () => {
  const server = await startGrpcServer();
  const own = await perform([call(server, "Get", {})], { vus: 4, iterations: 40 });
  expect(Number(count(own, "grpc_connecting"))).toBeLessThanOrEqual(4);
  const shared = await perform([call(server, "Get", { connections: "shared", compression: "gzip" })], {
    vus: 4,
    iterations: 40,
  });
  expect(errors(shared)).toEqual([]);
  expect(count(shared, "grpc_reqs")).toBe(40);
});
