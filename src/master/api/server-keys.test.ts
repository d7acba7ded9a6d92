import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startApiServer } from "../../../test/support/api-server.ts";

const listen = "address: 127.0.0.1:0";

async function dial(port: number, text: string) {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

test("read_timeout: a request that does not arrive is answered with 408", async () => {
  const { port } = await startApiServer({ config: `server: {${listen}, read_timeout: 700ms}` });
  const head = "POST /api/v1/workflows HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
  const from = performance.now();
  const socket = await dial(port, `${head}content-length: 100\r\n\r\n{`);
  const [answer] = await once(socket, "data");
  expect(String(answer)).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - from).toBeGreaterThan(600);
  // The default is 30 s.
  expect(performance.now() - from).toBeLessThan(25_000);
});

test("write_timeout: a client that does not take its answers is left", async () => {
  const { port } = await startApiServer({ config: `server: {${listen}, write_timeout: 700ms}` });
  const request = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
  const count = 400;
  const socket = await dial(port, request.repeat(count));
  // Takes nothing for several times write_timeout.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  let answers = 0;
  socket.on("data", (chunk: Buffer) => {
    answers += String(chunk).split("HTTP/1.1 200").length - 1;
  });
  await once(socket, "close", { signal: AbortSignal.timeout(30_000) });
  expect(answers).toBeLessThan(count);
});

test("write_timeout: who takes its answers is served, however long it stays", async () => {
  const { port } = await startApiServer({ config: `server: {${listen}, write_timeout: 300ms}` });
  const socket = await dial(port, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await once(socket, "data");
  // Stays for longer than write_timeout.
  await new Promise((resolve) => setTimeout(resolve, 800));
  socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const [answer] = await once(socket, "data", { signal: AbortSignal.timeout(30_000) });
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
});

test("enable_cors, cors_origins and hosts decide which pages are answered", async () => {
  const pages = ["http://localhost:3000", "https://load.example", "https://evil.example"];
  const ask = async (config: string): Promise<readonly (readonly [number, string | null])[]> => {
    const { call } = await startApiServer({ config: `server: {${listen}, ${config}}` });
    const answers = [];
    for (const origin of pages) {
      const { status, headers } = await call("GET", "/api/v1/slaves", { headers: { origin } });
      answers.push([status, headers.get("access-control-allow-origin")] as const);
    }
    return answers;
  };
  expect(await ask("enable_cors: true")).toEqual([
    [200, "http://localhost:3000"],
    [403, null],
    [403, null],
  ]);
  expect(await ask('cors_origins: ["https://load.example"]')).toEqual([
    [200, "http://localhost:3000"],
    [200, "https://load.example"],
    [403, null],
  ]);
  expect(await ask('enable_cors: false, cors_origins: ["https://load.example"]')).toEqual([
    [403, null],
    [403, null],
    [403, null],
  ]);
});

test("hosts: names under which the master's own pages reach it", async () => {
  const ask = async (config: string): Promise<string> => {
    const { port } = await startApiServer({ config: `server: {${listen}${config}}` });
    const headers = "host: load.example\r\norigin: http://load.example\r\nconnection: close\r\n\r\n";
    const socket = await dial(port, `GET /api/v1/slaves HTTP/1.1\r\n${headers}`);
    const [answer] = await once(socket, "data");
    return String(answer).slice(0, 12);
  };
  expect(await ask("")).toBe("HTTP/1.1 403");
  expect(await ask(", hosts: [Load.Example]")).toBe("HTTP/1.1 200");
});

test("max_body: a larger body is 413", async () => {
  const { call, submissions } = await startApiServer({ config: `server: {${listen}, max_body: 1kB}` });
  const workflow = (size: number) =>
    JSON.stringify({ name: "x".repeat(size), steps: [{ type: "sleep", config: { duration: "1s" } }] });
  expect((await call("POST", "/api/v1/workflows", { body: workflow(800) })).status).toBe(201);
  const larger = workflow(1_000);
  const message = `the body has ${larger.length} bytes; at most 1000 are taken (server.max_body): send less`;
  expect(await call("POST", "/api/v1/workflows", { body: larger })).toMatchObject({
    status: 413,
    body: { error: "too_large", message },
  });
  expect(submissions.length).toBe(1);
});
