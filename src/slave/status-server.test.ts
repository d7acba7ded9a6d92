import { once } from "node:events";
import { get as send, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { EngineError } from "../errors.ts";
import { startStatusServer, type StatusServer } from "./status-server.ts";

async function start(port = 0, mayMove = false, host = "127.0.0.1"): Promise<StatusServer> {
  const server = await startStatusServer({ host, port, mayMove, names: ["load.example"] });
  onTestFinished(() => server.close());
  return server;
}

const pages = {
  health: () => ({ status: "healthy" }),
  status: () => ({ id: "s1" }),
  metrics: () => Promise.resolve("a 1\n"),
};

async function get(server: StatusServer, path: string): Promise<readonly [number, string]> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return [response.status, await response.text()];
}

test("it answers 503 until it has something to serve", async () => {
  const server = await start();
  expect(await get(server, "/status")).toEqual([503, '{"error":"not_ready","message":"the slave is starting"}\n']);
  server.serve(pages);
  expect(await get(server, "/status?x=1")).toEqual([200, '{"id":"s1"}\n']);
  expect(await get(server, "/metrics")).toEqual([200, "a 1\n"]);
});

test("what fails inside is a 500 with its message and no stack", async () => {
  const server = await start();
  server.serve({ ...pages, metrics: () => Promise.reject(new Error("no metrics today")) });
  expect(await get(server, "/metrics")).toEqual([500, '{"error":"internal_error","message":"no metrics today"}\n']);
});

test("a taken port moves only when nobody asked for it", async () => {
  const { port } = await start();
  await expect(start(port)).rejects.toThrow(EngineError);
  await expect(start(port)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: it is taken`);
  const moved = await start(port, true);
  expect(moved.port).not.toBe(port);
});

test("a client that never finishes its request is cut off", async () => {
  const server = await start();
  server.serve(pages);
  const socket = connect(server.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write("GET /status HTTP/1.1\r\nHost: x\r\n");
  const from = performance.now();
  socket.resume();
  await once(socket, "close");
  // After 5 s; Node's own limit is five minutes.
  expect(performance.now() - from).toBeLessThan(40_000);
});

test("it answers whom a master without keys would answer; its health everybody may ask", async () => {
  const server = await start(0, false, "0.0.0.0");
  server.serve(pages);
  const ask = async (path: string, headers: Readonly<Record<string, string>>): Promise<string> => {
    const [response] = (await once(send({ port: server.port, path, headers }), "response")) as [IncomingMessage];
    return `${response.statusCode} ${await text(response)}`;
  };
  const strange: readonly Readonly<Record<string, string>>[] = [
    { host: "evil.example" },
    { host: "127.0.0.1", "x-forwarded-for": "8.8.8.8" },
    { host: "127.0.0.1", forwarded: 'for="[2001:4860::1]:443"' },
  ];
  for (const headers of strange) {
    expect(await ask("/status", headers)).toMatch(/^403 \{"error":"forbidden"/);
    expect(await ask("/metrics", headers)).toMatch(/^403 \{"error":"forbidden"/);
    expect(await ask("/health", headers)).toBe('200 {"status":"healthy"}\n');
  }
  for (const host of ["10.1.2.3:9091", "localhost", "LOAD.example:9091"]) {
    expect(await ask("/status", { host, "x-real-ip": "10.0.0.7" })).toBe('200 {"id":"s1"}\n');
  }
});
