import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { startApiServer } from "../../../test/support/api-server.ts";
import { checkMessage } from "../../../test/support/check-answer.ts";

const workflow = {
  id: "shop",
  options: { vus: 2, duration: "10s" },
  steps: [{ id: "get", type: "http", config: { url: "http://127.0.0.1:1/" } }],
};
const yaml = `id: shop
options:
  vus: 2
  duration: 10s
steps:
  - id: get
    type: http
    config: {url: "http://127.0.0.1:1/"}
`;

test("health and readiness stand at the root and under /api/v1", async () => {
  const { call } = await startApiServer();
  for (const prefix of ["", "/api/v1"]) {
    expect((await call("GET", `${prefix}/health`)).body).toEqual({ status: "healthy", timestamp: expect.any(String) });
    expect((await call("GET", `${prefix}/ready`)).body).toMatchObject({ status: "ready", ready: true });
    // Balancers add what they like.
    expect((await call("GET", `${prefix}/health?t=1&t=%E7%94%B2`)).status).toBe(200);
  }
  const exposed = await call("GET", "/metrics");
  expect(exposed.headers.get("content-type")).toContain("text/plain");
  expect(exposed.text).toContain('workflow_engine_slaves{state="online"} 0');
});

test.each([
  ["an envelope", JSON.stringify({ workflow }), "application/json"],
  ["an envelope with YAML", JSON.stringify({ yaml }), "application/json; charset=utf-8"],
  ["a bare workflow", JSON.stringify(workflow), "application/json"],
  ["YAML", yaml, "application/yaml"],
  ["YAML under its old name", yaml, "text/x-yaml; charset=utf-8"],
])("%s is submitted", async (_name, body, type) => {
  const { call, submissions } = await startApiServer();
  const answer = await call("POST", "/api/v1/workflows", { body, type });
  expect(answer).toMatchObject({ status: 201, body: { execution_id: "e1", workflow_id: "shop", status: "submitted" } });
  expect(submissions[0]?.workflow.scenarios[0]?.load).toMatchObject({ mode: "constant-vus", vus: 2 });
});

test("what goes in with a workflow: variables, environment, secrets, options, tags, queue", async () => {
  const { call, submissions } = await startApiServer();
  const envelope = {
    workflow: {
      ...workflow,
      id: undefined,
      variables: { who: "file" },
      options: { vus: 2, duration: "10s", tags: { a: "1" } },
    },
    file_name: "my shop.yaml",
    variables: { who: "envelope" },
    env: { REGION: "east" },
    secrets: { TOKEN: "hush" },
    options: { vus: 7, graceful_stop: "1s" },
    tags: { b: "2" },
    queue: true,
  };
  expect((await call("POST", "/api/v1/workflows", { body: JSON.stringify(envelope) })).status).toBe(201);
  const [submission] = submissions;
  expect(submission?.inputs).toEqual({ env: { REGION: "east", who: "envelope" }, secrets: { TOKEN: "hush" } });
  expect(submission?.queue).toBe(true);
  expect(submission?.workflow).toMatchObject({
    id: "my-shop",
    variables: { who: "envelope" },
    tags: { a: "1", b: "2" },
    scenarios: [{ load: { mode: "constant-vus", vus: 7 }, gracefulStopMs: 1_000 }],
  });
});

test("a workflow with problems is refused with all of them and their places; validate lists them", async () => {
  const { call, submissions } = await startApiServer();
  const body = yaml.replace("vus: 2", "vus: -2").replace("type: http", "type: htp");
  const answer = await call("POST", "/api/v1/workflows", { body, type: "application/yaml" });
  expect(answer).toMatchObject({
    status: 400,
    body: {
      error: "invalid_workflow",
      problems: [
        { path: "options.vus", line: 3 },
        { path: "steps[0].type", line: 7 },
      ],
    },
  });
  const checked = await call("POST", "/api/v1/workflows/validate", { body, type: "application/yaml" });
  expect(checked).toMatchObject({ status: 200, body: { valid: false, problems: [{ line: 3 }, { line: 7 }] } });
  const fine = await call("POST", "/api/v1/workflows/validate", { body: yaml, type: "application/yaml" });
  expect(fine.body).toEqual({ valid: true, problems: [] });
  const named = JSON.stringify({ workflow, options: { vus: -1 } });
  expect((await call("POST", "/api/v1/workflows", { body: named })).body).toMatchObject({
    error: "invalid_workflow",
    problems: [{ path: "options.vus" }],
  });
  expect(submissions).toEqual([]);
});

test("a large workflow is read beside the loop, and its problems come back", async () => {
  const { call } = await startApiServer();
  const steps = Array.from(
    { length: 3_000 },
    (_, at) => `  - {id: s${at}, type: http, config: {url: "http://127.0.0.1:1/"}}`,
  );
  const body = `options: {vus: 1}\nsteps:\n${steps.join("\n")}\n`;
  const type = "application/yaml";
  const [large, health] = await Promise.all([
    call("POST", "/api/v1/workflows", { body, type }),
    call("GET", "/health"),
  ]);
  expect([large.status, health.status]).toEqual([201, 200]);
  const wrong = await call("POST", "/api/v1/workflows", { body: body.replace("vus: 1", "vus: no"), type });
  expect(wrong).toMatchObject({ status: 400, body: { error: "invalid_workflow", problems: [{ line: 1 }] } });
});

test("a submit without any body is told what it takes", async () => {
  const { call } = await startApiServer();
  for (const path of ["/api/v1/workflows", "/api/v1/workflows/validate"]) {
    expect(await call("POST", path)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  }
});

const formType = "multipart/form-data; boundary=x";
const part = (field: string): string =>
  `--x\r\ncontent-disposition: form-data; name="${field}"; filename="a.csv"\r\n\r\n`;
const deep = (open: string, close: string): string => `{"workflow":${open.repeat(50_000)}${close.repeat(50_000)}}`;

test.each<[name: string, body: string | Buffer, type: string, status: number, error: string]>([
  ["nothing", "", "application/json", 400, "invalid_request"],
  ["half of JSON", '{"workflow":', "application/json", 400, "invalid_request"],
  ["a list", "[]", "application/json", 400, "invalid_request"],
  ["a number", "1e999", "application/json", 400, "invalid_request"],
  ["null", "null", "application/json", 400, "invalid_request"],
  ["bytes that are no text", Buffer.from([0x7b, 0xff, 0x7d]), "application/json", 400, "invalid_request"],
  ["deep maps", deep('{"a":', "}"), "application/json", 400, "invalid_request"],
  ["deep lists", deep("[", "]"), "application/json", 400, "invalid_request"],
  ["deep YAML", "[".repeat(50_000), "application/yaml", 400, "invalid_workflow"],
  ["a YAML bomb", bomb(), "application/yaml", 400, "invalid_workflow"],
  ["a huge list", `{"workflow":{"steps":[${"1,".repeat(1_000_000)}1]}}`, "application/json", 400, "invalid_workflow"],
  ["__proto__", '{"__proto__":{"workflow":{}}}', "application/json", 400, "invalid_workflow"],
  ["both kinds", JSON.stringify({ workflow, yaml }), "application/json", 400, "invalid_request"],
  ["a number as yaml", '{"yaml":1}', "application/json", 400, "invalid_request"],
  ["a text as workflow", '{"workflow":"x"}', "application/json", 400, "invalid_request"],
  ["an unknown field", JSON.stringify({ workflow, nope: 1 }), "application/json", 400, "invalid_request"],
  [
    "a variable that is no text",
    JSON.stringify({ workflow, variables: { a: 1 } }),
    "application/json",
    400,
    "invalid_request",
  ],
  ["queue as a text", JSON.stringify({ workflow, queue: "true" }), "application/json", 400, "invalid_request"],
  ["vus as a text", JSON.stringify({ workflow, options: { vus: "2" } }), "application/json", 400, "invalid_request"],
  [
    "files that are no base64",
    JSON.stringify({ workflow, files: { a: "?" } }),
    "application/json",
    400,
    "invalid_request",
  ],
  [
    "files outside of the workflow",
    JSON.stringify({ workflow, files: { "../a": "" } }),
    "application/json",
    400,
    "invalid_request",
  ],
  ["a form", "workflow=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"],
  ["a form that is cut off", "--x", "multipart/form-data; boundary=x", 400, "invalid_request"],
  ["a form cut off in a file that nobody takes", `${part("nope")}1\n--x--\r\n`, formType, 400, "invalid_request"],
  ["a form cut off in the second file", `${part("files")}1\r\n${part("files")}2`, formType, 400, "invalid_request"],
  ["more than is taken", " ".repeat(10 * 1024 * 1024 + 1), "application/json", 413, "too_large"],
])("a submit of %s is refused", async (_name, body, type, status, error) => {
  const { call, submissions, faults } = await startApiServer();
  const answer = await call("POST", "/api/v1/workflows", { body, type });
  expect(answer).toMatchObject({ status, body: { error, message: expect.any(String) } });
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js):\d+/);
  expect([submissions, faults]).toEqual([[], []]);
  expect((await call("GET", "/health")).status).toBe(200);
});

test("a body with an encoding is refused as what it is", async () => {
  const { call, submissions } = await startApiServer();
  const headers = { "content-encoding": "gzip" };
  expect(await call("POST", "/api/v1/workflows", { body: "\u001f", headers })).toMatchObject({
    status: 415,
    body: { error: "unsupported_media_type", message: "the Content-Encoding `gzip` is not taken" },
  });
  expect(submissions).toEqual([]);
});

function bomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let at = 1; at < 12; at++)
    lines.push(
      `a${at}: &a${at} [${Array(9)
        .fill(`*a${at - 1}`)
        .join(", ")}]`,
    );
  return lines.join("\n");
}

test.each([
  ["GET", "/nothing", 404, "not_found"],
  ["GET", "/api/v1/executions/nobody", 404, "not_found"],
  ["GET", "/api/v1/executions/nobody/metrics", 404, "not_found"],
  ["GET", "/api/v1/executions/nobody/report", 404, "not_found"],
  ["GET", "/api/v1/executions/live/report", 409, "conflict"],
  ["GET", "/api/v1/executions/%zz", 400, "invalid_request"],
  ["GET", `/api/v1/executions/${"x".repeat(300)}`, 404, "not_found"],
  ["GET", "/api/v1/executions/__proto__", 404, "not_found"],
  ["GET", "/api/v1/executions/live/ws", 400, "invalid_request"],
  ["GET", "/api/v1/executions?limit=abc", 400, "invalid_request"],
  ["GET", "/api/v1/executions?limit=0", 400, "invalid_request"],
  ["GET", "/api/v1/executions?limit=501", 400, "invalid_request"],
  ["GET", "/api/v1/executions?limit=1&limit=2", 400, "invalid_request"],
  ["GET", "/api/v1/executions?offset=-1", 400, "invalid_request"],
  ["GET", "/api/v1/executions?offset=1e300", 400, "invalid_request"],
  ["GET", "/api/v1/executions?status=nope", 400, "invalid_request"],
  ["GET", "/api/v1/executions?nope=1", 400, "invalid_request"],
  ["GET", "/api/v1/executions/live/timeseries?from=yesterday", 400, "invalid_request"],
  ["GET", "/api/v1/executions/live/timeseries?max_points=0", 400, "invalid_request"],
  ["GET", "/api/v1/workflows/nobody", 404, "not_found"],
  ["DELETE", "/api/v1/workflows/nobody", 404, "not_found"],
  ["GET", "/api/v1/slaves/nobody", 404, "not_found"],
  ["POST", "/api/v1/executions/over/pause", 409, "conflict"],
  ["DELETE", "/api/v1/executions/live?grace=soon", 400, "invalid_request"],
  ["DELETE", "/api/v1/executions/live?force=yes", 400, "invalid_request"],
  ["GET", "/api/v1/auth/you", 404, "not_found"],
])("%s %s: %i %s", async (method, path, status, error) => {
  const { call, faults } = await startApiServer();
  const answer = await call(method, path);
  expect(answer).toMatchObject({ status, body: { error, message: expect.any(String) } });
  expect(faults).toEqual([]);
});

test("a method that a path does not take is told those that it does", async () => {
  const { call } = await startApiServer();
  const answer = await call("PUT", "/api/v1/executions/live");
  expect(answer).toMatchObject({ status: 405, body: { error: "method_not_allowed" } });
  expect(answer.headers.get("allow")).toBe("DELETE, GET, HEAD");
  expect((await call("GET", "/api/v1/executions/live/pause")).headers.get("allow")).toBe("POST");
});

test("control: bodies may be empty where none is needed, values are bounded and not coerced", async () => {
  const { call, calls } = await startApiServer();
  expect((await call("POST", "/api/v1/executions/live/pause")).body).toEqual({ success: true, status: "paused" });
  expect((await call("POST", "/api/v1/executions/latest/resume", { body: "{}" })).body).toEqual({
    success: true,
    status: "running",
  });
  const scale = (body: unknown) => call("POST", "/api/v1/executions/live/scale", { body: JSON.stringify(body) });
  expect((await scale({ target_vus: 200, over: "30s" })).body).toEqual({ success: true, target_vus: 200 });
  expect((await scale({ target_rate: 0.5, scenario: "a", over: 10 })).body).toEqual({
    success: true,
    target_rate: 0.5,
  });
  expect((await scale({ target_vus: 0 })).status).toBe(200);
  for (const wrong of [
    {},
    { target_vus: -1 },
    { target_vus: 1.5 },
    { target_vus: "5" },
    { target_vus: 1e300 },
    { target_vus: null },
    { target_vus: 1, target_rate: 1 },
    { target_vus: 1, over: -1 },
    { target_vus: 1, over: "soon" },
    { target_vus: 1, extra: 1 },
  ]) {
    expect(await scale(wrong)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  }
  await call("DELETE", "/api/v1/executions/live?grace=2s");
  await call("DELETE", "/api/v1/executions/live?force=true&reason=stopped_by_signal");
  await call("DELETE", "/api/v1/executions/over?purge=false");
  const scales = [
    { target: 200, of: "vus", scenario: null, overMs: 30_000 },
    { target: 0.5, of: "rate", scenario: "a", overMs: 10 },
    { target: 0, of: "vus", scenario: null, overMs: 0 },
  ];
  expect(calls).toEqual([
    "pause live null",
    "resume live null",
    ...scales.map((request) => `scale live ${JSON.stringify(request)}`),
    'stop live {"graceMs":2000,"force":false,"reason":"stopped_by_api"}',
    'stop live {"graceMs":null,"force":true,"reason":"stopped_by_signal"}',
    'stop over {"graceMs":null,"force":false,"reason":"stopped_by_api"}',
  ]);
});

test("queries reach the executions as numbers and times", async () => {
  const { call, calls } = await startApiServer();
  await call("GET", "/api/v1/executions?status=running&workflow_id=%E5%95%86%E5%BA%97&limit=500&offset=3");
  await call("GET", "/api/v1/executions");
  await call("GET", "/api/v1/executions/live/timeseries?from=2026-01-06T10:00:30Z&to=1m&step=10s&max_points=5");
  expect(calls).toEqual([
    'list {"status":"running","workflowId":"商店","limit":500,"offset":3}',
    'list {"limit":50,"offset":0}',
    'timeSeries live {"fromMs":30000,"toMs":60000,"stepMs":10000,"maxPoints":5}',
  ]);
});

test("foreign pages and peers are refused before their bodies are read, and by WebSocket too", async () => {
  const { call, url, submissions } = await startApiServer({ config: "server: {address: 0.0.0.0:0}" });
  const foreign = { headers: { origin: "https://evil.example" } };
  expect(await call("GET", "/api/v1/slaves", foreign)).toMatchObject({ status: 403, body: { error: "forbidden" } });
  const hop = { body: "x".repeat(1_000), headers: { "x-forwarded-for": "8.8.8.8" } };
  expect(await call("POST", "/api/v1/workflows", hop)).toMatchObject({ status: 403, body: { error: "auth_required" } });
  const known = { headers: { origin: "http://localhost:3000" } };
  for (const path of ["/health", "/api/v1/health", "/ready"]) {
    const unread = await call("GET", path, foreign);
    expect([unread.status, unread.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  }
  for (const path of ["/api/v1/slaves", "/health", "/api/v1/health", "/ready"]) {
    const read = await call("GET", path, known);
    expect([read.status, read.headers.get("access-control-allow-origin")]).toEqual([200, "http://localhost:3000"]);
    const preflight = await call("OPTIONS", path, known);
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([
      204,
      "http://localhost:3000",
    ]);
  }
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/executions/live/ws`, foreign);
  const [, response] = await once(socket, "unexpected-response");
  expect([response.statusCode, JSON.parse(await text(response)).error]).toEqual([403, "forbidden"]);
  expect(submissions).toEqual([]);
});

/** Everything a stream says until it is closed. */
async function listen(url: string, path: string): Promise<{ messages: Record<string, unknown>[]; code: number }> {
  const socket = new WebSocket(url.replace("http", "ws") + path);
  const messages: Record<string, unknown>[] = [];
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Record<string, unknown>;
    checkMessage(message);
    messages.push(message);
  });
  const [code] = await once(socket, "close");
  return { messages, code };
}

test("a stream ends with the report; an unknown id is told", async () => {
  const { url, watchers } = await startApiServer();
  const live = listen(url, "/api/v1/executions/latest/metrics/stream");
  await expect.poll(() => watchers.size).toBe(1);
  for (const watcher of watchers) {
    watcher({ type: "event", event: { time: "2026-01-06T10:00:00.000Z", type: "paused", message: "paused" } });
    watcher({ type: "complete", status: "completed", report: null });
  }
  const heard = await live;
  expect(heard.messages.map(({ type }) => type)).toEqual(["metrics", "event", "complete"]);
  expect(heard.code).toBe(1000);
  await expect.poll(() => watchers.size).toBe(0);

  const over = await listen(url, "/api/v1/executions/over/ws");
  expect(over.messages).toMatchObject([
    { type: "metrics" },
    { type: "complete", status: "completed", report: { schema: 1 } },
  ]);
  const unknown = await listen(url, "/api/v1/executions/nobody/ws");
  expect(unknown.messages).toMatchObject([{ type: "error", error: "not_found" }]);
});

test("a client that never reads its stream is cut off, and what waits for it is bounded", async () => {
  const { port, watchers } = await startApiServer();
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.pause();
  socket.write(
    `GET /api/v1/executions/live/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa("0123456789abcdef")}\r\n\r\n`,
  );
  await expect.poll(() => watchers.size).toBe(1);
  const message = "x".repeat(512 * 1024);
  let sent = 0;
  await vi.waitFor(
    () => {
      for (const watcher of watchers) watcher({ type: "event", event: { time: "t", type: "paused", message } });
      sent++;
      expect(watchers.size).toBe(0);
    },
    { timeout: 30_000, interval: 5 },
  );
  // 16 MiB, and what the kernel takes.
  expect(sent).toBeLessThan(100);
  socket.destroy();
});

/** What a raw client reads until the server closes, and after how long. */
async function speak(port: number, words: string): Promise<{ heard: string; ms: number }> {
  const socket: Socket = connect(port, "127.0.0.1");
  const startedAt = performance.now();
  socket.write(words);
  const heard = await text(socket);
  return { heard, ms: performance.now() - startedAt };
}

test("what is no HTTP is told so; headers have an end", async () => {
  const { port } = await startApiServer();
  expect((await speak(port, "HELLO\r\n\r\n")).heard).toMatch(/^HTTP\/1\.1 400 [^]*"error":"invalid_request"/);
  const long = `GET /health HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`;
  expect((await speak(port, long)).heard).toMatch(/^HTTP\/1\.1 431 /);
});

test("who offers another protocol is answered in this one", async () => {
  const { port } = await startApiServer();
  const offer =
    "Host: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
  expect((await speak(port, `GET /health HTTP/1.1\r\n${offer}\r\n`)).heard).toMatch(/^HTTP\/1\.1 200 /);
  const body = `Content-Type: application/yaml\r\nContent-Length: ${yaml.length}\r\n\r\n${yaml}`;
  const submitted = await speak(port, `POST /api/v1/workflows HTTP/1.1\r\n${offer}${body}`);
  expect(submitted.heard).toMatch(/^HTTP\/1\.1 201 /);
});

test("without keys a name that a page could have pointed here gets no answer; probes and slaves do", async () => {
  const { port, call } = await startApiServer();
  const ask = async (path: string, more = ""): Promise<string> => {
    const { heard } = await speak(
      port,
      `GET ${path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n${more}\r\n`,
    );
    return heard;
  };
  for (const path of ["/api/v1/executions", "/api/v1/auth/me", "/metrics", "/api/docs", "/nowhere"]) {
    expect(await ask(path)).toMatch(/^HTTP\/1\.1 403 [^]*"error":"forbidden",[^]*`evil\.example`[^]*`server\.hosts`/);
  }
  expect(await ask("/health")).toMatch(/^HTTP\/1\.1 200 /);
  expect(await ask("/api/v1/ready")).toMatch(/^HTTP\/1\.1 200 /);
  // What slaves fetch is given to who holds a link's ticket.
  expect(await ask("/api/v1/executions/live/inputs/00")).toMatch(/^HTTP\/1\.1 404 [^]*to its slaves alone/);
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  const open = (path: string, more = "") =>
    speak(port, `GET ${path} HTTP/1.1\r\nHost: evil.example\r\n${upgrade}${more}\r\n`);
  // It was handed on, where this test ends it.
  expect((await open("/api/v1/link")).heard).toBe("");
  expect((await open("/api/v1/link", "Origin: http://evil.example\r\n")).heard).toMatch(/^HTTP\/1\.1 403 /);
  expect((await open("/api/v1/executions/live/ws")).heard).toMatch(/^HTTP\/1\.1 403 /);
  expect((await call("GET", "/api/v1/executions")).status).toBe(200);
});

test("slow-loris that reads nothing: a request that was given up holds no connection", {
  timeout: 60_000,
}, async () => {
  const { port, call } = await startApiServer();
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(port, "127.0.0.1", () => socket.write("POST /api/v1/workflows HTTP/1.1\r\nHost: x\r\n"));
    onTestFinished(() => void socket.destroy());
    return socket;
  });
  // What is written to a connection that is gone fails; one that only answered would take it for ever.
  const failures = sockets.map((socket) => once(socket, "error"));
  const drip = setInterval(() => sockets.forEach((socket) => socket.write("X-A: b\r\n")), 500);
  onTestFinished(() => clearInterval(drip));
  await Promise.all(failures);
  expect((await call("GET", "/health")).status).toBe(200);
});

test("slow-loris: a request that does not come to its end is answered and closed, others are served meanwhile", {
  timeout: 60_000,
}, async () => {
  const { port, call } = await startApiServer();
  const slow = Promise.all(
    Array.from({ length: 50 }, () => speak(port, "POST /api/v1/workflows HTTP/1.1\r\nHost: x\r\n")),
  );
  expect((await call("GET", "/health")).status).toBe(200);
  for (const { heard, ms } of await slow) {
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
    // The limit is 10 s; Node's own is five minutes.
    expect(ms).toBeLessThan(45_000);
  }
});
