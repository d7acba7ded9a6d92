import { expect, test } from "vitest";
import { callStep, countOf, listErrors, performSteps } from "../../../test/support/grpc-run.ts";
import { startGrpcServer } from "../../../test/support/grpc-server.ts";
import type { Report } from "../../protocol/report.ts";

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
  const report = await performSteps([
    callStep(
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
    callStep(
      server,
      "Echo",
      { message: { name: "${echo.output.message.huge}", huge: "${echo.output.message.huge}" } },
      {
        assert: [{ type: "json", path: "$.name", value: "18446744073709551615" }],
      },
    ),
  ]);
  expect(listErrors(report)).toEqual([]);
  expect(report.checks.filter(({ fails }) => fails > 0)).toEqual([]);
});

test("the four kinds, their messages counted; metadata goes and comes", async () => {
  const server = await startGrpcServer();
  const report = await performSteps([
    callStep(
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
    callStep(
      server,
      "List",
      { message: { name: "x", count: 5 } },
      {
        id: "many",
        assert: [{ type: "json", path: "$[4].number", value: 5 }],
      },
    ),
    callStep(
      server,
      "Collect",
      { messages: [{ name: "a" }, { name: "${one.output.trailers['x-trailer']}" }] },
      {
        assert: [{ type: "json", path: "$.name", value: "a,end" }],
      },
    ),
    callStep(
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
    callStep(
      server,
      "List",
      { message: { name: "x", count: 100000 }, max_messages: 3 },
      {
        assert: [{ type: "json", path: "$[2].number", value: 3 }],
      },
    ),
  ]);
  expect(listErrors(report)).toEqual([]);
  expect(checks(report)).toEqual(Array.from({ length: 6 }, () => [1, 0]));
  expect(server.metadata[0]?.get("x-user")).toEqual(["u1"]);
  expect(server.metadata[0]?.get("x-raw-bin")).toEqual([Buffer.from([0, 255])]);
  expect(countOf(report, "grpc_reqs")).toBe(5);
  expect(countOf(report, "grpc_streams")).toBe(4);
  expect(countOf(report, "grpc_streams_msgs_sent")).toBe(1 + 2 + 2 + 1);
  expect(countOf(report, "grpc_streams_msgs_received")).toBe(5 + 1 + 3 + 3);
  expect(countOf(report, "grpc_connecting")).toBe(1);
});

test("a status that is not expected fails the step: wrong credentials, and one that the server is asked for", async () => {
  const server = await startGrpcServer({ token: "Bearer 1" });
  const report = await performSteps([
    callStep(server, "Get", {}, { id: "stranger" }),
    callStep(server, "Get", { metadata: { authorization: "Bearer 1" } }),
    callStep(
      server,
      "Get",
      { metadata: { authorization: "Bearer 1" }, message: { status: 5 }, expect_status: ["NOT_FOUND", 0] },
      {
        id: "gone",
        assert: [{ type: "status", value: 5 }],
        extract: [{ name: "why", from: "json", path: "$.x", default: "${gone.output.status}" }].slice(1),
      },
    ),
    callStep(server, "List", { message: { status: 9, count: 2 } }, { id: "half" }),
  ]);
  expect(listErrors(report).toSorted()).toEqual([
    "grpc_failed_precondition: FAILED_PRECONDITION: halfway",
    "grpc_unauthenticated: UNAUTHENTICATED: who are you? 你是谁",
  ]);
  expect(report.metrics["grpc_req_failed"]?.values).toMatchObject({ passes: 2, fails: 2 });
});

test("the deadline is sent, and what is not done then fails without a number of the moment", async () => {
  const server = await startGrpcServer();
  const report = await performSteps([
    // Time to reach the server, also on a machine that stands still for a while.
    callStep(server, "Get", { message: { delay_ms: 50_000 }, timeout: "4s" }),
    callStep(server, "Get", { message: { delay_ms: 50_000 }, timeout: "4s", expect_status: "DEADLINE_EXCEEDED" }),
    callStep(server, "Get", {}),
  ]);
  expect(listErrors(report)).toEqual([
    "grpc_deadline_exceeded: DEADLINE_EXCEEDED: not done in time; raise the timeout, or see what the server does",
  ]);
  expect(server.metadata).toHaveLength(3);
});

test("an answer beyond max_bytes is refused, one message and a stream of many", async () => {
  const server = await startGrpcServer();
  const report = await performSteps([
    callStep(server, "Get", { message: { count: 3_000_000 }, max_bytes: "1MB" }, { id: "big" }),
    callStep(
      server,
      "List",
      { message: { count: 50_000 }, max_bytes: "1MB" },
      {
        id: "kept",
        assert: [{ type: "json", path: "$[0].number", value: 1 }],
      },
    ),
    callStep(server, "List", { message: { count: 50_000 }, max_bytes: "1MB" }, { id: "counted" }),
    callStep(server, "Get", { message: { count: 3_000_000 } }, { id: "fits" }),
  ]);
  expect(listErrors(report).toSorted()).toEqual([
    expect.stringMatching(/^grpc_resource_exhausted: RESOURCE_EXHAUSTED: Received message larger than max/),
    "grpc_resource_exhausted: RESOURCE_EXHAUSTED: the answers are larger than 1000000 bytes; raise max_bytes",
  ]);
});

test.each(["v1", "v1alpha"] as const)("reflection %s tells the types, once for all VUs", async (version) => {
  const server = await startGrpcServer({ reflection: version });
  const report = await performSteps(
    [
      callStep(
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
      callStep(server, "Nothing", { proto: undefined, reflection: true }, { id: "wrong" }),
    ].map((step) => JSON.parse(JSON.stringify(step)) as object),
    { vus: 3, iterations: 6 },
  );
  expect(listErrors(report)).toEqual([
    "grpc_unimplemented: `shop.v1.Shop` has no method `Nothing`; there are `Echo`, `Get`, `List`, `Collect`, `Chat`",
  ]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([6, 6, 6, 6, 6]);
});

test("a server without reflection is told", async () => {
  const server = await startGrpcServer();
  const report = await performSteps([
    { type: "grpc", config: { address: `127.0.0.1:${server.port}`, method: "shop.v1.Shop/Get", reflection: true } },
  ]);
  expect(listErrors(report)).toEqual(["grpc_unimplemented: the server has no reflection; name the `proto` instead"]);
});
