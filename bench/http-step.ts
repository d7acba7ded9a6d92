import { createOperation } from "../src/http/operation.ts";
import type { Draft } from "../src/http/draft.ts";
import { StepSeries } from "../src/http/series.ts";
import type { Session } from "../src/http/session.ts";
import type { Exchange, HttpClient, WireRequest } from "../src/http/exchange.ts";
import { createUrlReader } from "../src/http/url.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import type { Operation, VirtualUser } from "../src/protocol/step.ts";
import { defaultTls } from "../src/protocol/tls.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// CPU time of an http step beyond the transport: its promise, its result and its series. Run: node bench/http-step.ts

const url = createUrlReader()("http://127.0.0.1:8080/");
if (url === null) throw new Error("no url");
const tls = defaultTls;
const settings = { keepHeaders: false, keepBody: false, expects: null, lastOnConnection: false };
const draft: Draft = { method: "GET", url, names: [], lines: [], cookies: "", body: null };
const wire: WireRequest = {
  ...settings,
  origin: url.origin,
  bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"),
  head: false,
  retriable: true,
  connectTimeoutMs: 10_000,
  tls,
  proxy: null,
  message: null,
  rest: null,
};
const answer: Exchange = {
  code: 0,
  message: "",
  interrupted: false,
  counted: true,
  status: 200,
  proto: "HTTP/1.1",
  headers: null,
  body: null,
  bytesSent: 60,
  bytesReceived: 180,
  startedAt: 1_000.25,
  endedAt: 1_001.5,
  blocked: 0,
  connecting: 0,
  tlsHandshaking: 0,
  sending: 0.015,
  waiting: 1.1,
  receiving: 0.02,
  tlsVersion: "",
  remoteAddress: "127.0.0.1",
};
const client: HttpClient = {
  exchange: () => Promise.resolve(answer),
  send: (_request, _deadline, _timeoutMs, listener) => listener.exchanged(answer),
  multiplexes: () => false,
  closeIdle: () => undefined,
  close: () => undefined,
};
const session = { client, jar: null } as unknown as Session;
const vu: VirtualUser = {
  id: 1,
  vuIteration: 0,
  iteration: 0,
  lagUs: -1,
  thoughtMs: 0,
  signal: new AbortController().signal,
  resources: [],
  vuVariables: new Map(),
  variables: new Map(),
  results: [],
  response: undefined,
};
const clock = createSystemClock(systemTime);
const recorder = createRecorder({ clock, masker: (text) => text });
const tags = { step: "get", name: "get", scenario: "default" };
const operation: Operation = createOperation({
  prepare: () => ({ draft, wire }),
  settings: { ...settings, connectTimeoutMs: 10_000, tls, version: "1.1", chooseProxy: null },
  series: new StepSeries(recorder, tags, "http://127.0.0.1:8080/", (status) => status < 400),
  openSession: () => session,
  clock,
  totalTimeoutMs: 60_000,
  maxRedirects: 10,
  digest: null,
  usesCookies: true,
  maxBody: 16_000_000,
});

const COUNT = 500_000;
const times: number[] = [];
for (let round = 0; round < 7; round++) {
  const before = process.cpuUsage();
  for (let call = 0; call < COUNT; call++) await operation(vu, Infinity);
  const used = process.cpuUsage(before);
  times.push(((used.user + used.system) * 1000) / COUNT);
  recorder.cut();
}
const median = times.toSorted((one, other) => one - other)[3] ?? Number.NaN;
console.log("an http step, its await included".padEnd(36), `${median.toFixed(0).padStart(6)} ns`);
