import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createHttpSteps,
  type HttpSteps,
  type HttpTarget,
  type SeenRequest,
  startHttpTarget,
} from "../../../test/support/http-steps.ts";
import { StepSeries } from "../../http/series.ts";
import { toMicros } from "../../quantity.ts";
import type { SeriesDelta } from "../../protocol/frame.ts";
import { createRecorder } from "../../measure/thread-recorder.ts";

let target: HttpTarget;
let steps: HttpSteps;
let answer: (request: SeenRequest, response: ServerResponse) => void;

beforeEach(async () => {
  answer = (_request, response) => response.end("ok");
  target = await startHttpTarget((request, response) => answer(request, response));
  steps = createHttpSteps({ baseUrl: target.url });
});

afterEach(async () => {
  await steps.close();
  await target.close();
});

const times = ["duration", "total", "blocked", "connecting", "tls_handshaking", "sending", "waiting", "receiving"];

function find(series: readonly SeriesDelta[], metric: string, tags: Record<string, string> = {}): SeriesDelta[] {
  return series.filter(
    ({ key }) => key.metric === metric && Object.entries(tags).every(([name, value]) => key.tags[name] === value),
  );
}

test("an answer is one record in every http metric, under its tags", async () => {
  const vu = steps.createVu();
  vu.variables.set("id", 7);
  await steps.run({ url: "/items/${id}" }, { vu });
  const series = steps.cut();
  const tags = {
    expected_response: "true",
    method: "GET",
    name: "s1",
    proto: "HTTP/1.1",
    status: "200",
    step: "s1",
    url: "/items/${id}",
  };
  const [requests] = find(series, "http_reqs");
  expect(requests).toEqual({ key: { metric: "http_reqs", type: "counter", tags }, type: "counter", sum: 1 });
  expect(find(series, "http_req_failed")[0]).toMatchObject({ key: { tags }, passes: 0, total: 1 });
  for (const name of times) expect(find(series, `http_req_${name}`)[0]).toMatchObject({ key: { tags }, count: 1 });
  const received = find(series, "data_received")[0];
  expect(received?.key.tags).toEqual({ step: "s1", name: "s1" });
  expect(received).toMatchObject({ sum: expect.any(Number) });
  expect(series).toHaveLength(12);
});

test("every hop of a redirect counts, and a followed one is expected", async () => {
  answer = ({ url }, response) =>
    url === "/end" ? response.end() : response.writeHead(303, { location: "/end" }).end();
  await steps.run({ method: "POST", url: "/start", expectStatus: [[200, 200]] });
  const series = steps.cut();
  expect(find(series, "http_reqs").map(({ key }) => [key.tags.method, key.tags.status, key.tags.url])).toEqual([
    ["POST", "303", "/start"],
    ["GET", "200", "/start"],
  ]);
  expect(find(series, "http_req_failed")).toMatchObject([
    { passes: 0, total: 1 },
    { passes: 0, total: 1 },
  ]);
});

test("an unexpected status is a failed request with k6's number", async () => {
  answer = (_request, response) => response.writeHead(404).end();
  await steps.run({});
  const series = steps.cut();
  expect(find(series, "http_req_failed", { status: "404" })).toMatchObject([
    { key: { tags: { expected_response: "false", error_code: "1404" } }, passes: 1, total: 1 },
  ]);
});

test("a failed dial counts, under its error", async () => {
  await steps.run({ url: "http://127.0.0.1:1/" });
  const [requests] = find(steps.cut(), "http_reqs");
  expect(requests).toMatchObject({
    sum: 1,
    key: { tags: { status: "0", error: "connection refused", error_code: "1212" } },
  });
});

test("an interrupted request counts in http_reqs, but says nothing of the target", async () => {
  const abort = new AbortController();
  answer = () => abort.abort();
  await steps.run({}, { vu: steps.createVu(abort.signal) });
  const series = steps.cut();
  expect(find(series, "http_reqs")).toMatchObject([{ sum: 1, key: { tags: { error_code: "1000" } } }]);
  expect(find(series, "http_req_failed")).toEqual([]);
  expect(find(series, "http_req_duration")).toEqual([]);
});

test("with a planned start the corrected duration is the measured one and the lag", async () => {
  const vu = steps.createVu();
  vu.lagUs = 5_000_000;
  await steps.run({}, { vu });
  const series = steps.cut();
  const raw = find(series, "http_req_duration")[0];
  const corrected = find(series, "http_req_duration_corrected")[0];
  if (raw?.type !== "trend" || corrected?.type !== "trend") throw new Error("trends expected");
  expect(corrected.sum - raw.sum).toBe(5_000_000);
});

test("series are made once per outcome, whatever comes between", () => {
  const recorder = createRecorder({ clock: { wall: () => 0 }, masker: (text) => text });
  const series = new StepSeries(recorder, {}, "/x", (status) => status < 400);
  const exchange = (status: number) => ({
    code: 0,
    message: "",
    interrupted: false,
    counted: true,
    status,
    proto: "HTTP/1.1",
    headers: null,
    body: null,
    bytesSent: 1,
    bytesReceived: 2,
    startedAt: 0,
    endedAt: 1,
    blocked: 0,
    connecting: 0,
    tlsHandshaking: 0,
    sending: 0.25,
    waiting: 0.5,
    receiving: 0.25,
    tlsVersion: "",
    remoteAddress: "",
  });
  const first = series.find("GET", exchange(200), false);
  expect(series.find("GET", exchange(404), false)).not.toBe(first);
  expect(series.find("GET", exchange(200), true)).not.toBe(first);
  expect(series.find("GET", exchange(200), false)).toBe(first);
  first.record(exchange(200), -1);
  const duration = find(recorder.cut().series, "http_req_duration")[0];
  expect(duration).toMatchObject({ sum: 1000, count: 1 });
});

test.each([
  [1.2344, 1234],
  [0.0005, 1],
  [0, 0],
  [-3, 0],
])("%d ms are %i µs", (milliseconds, micros) => {
  expect(toMicros(milliseconds)).toBe(micros);
});
