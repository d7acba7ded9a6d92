import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { acceptUpgrade, flood, serveBytes } from "../../../test/support/frame-server.ts";
import { startScriptedFlow } from "../../../test/support/scripted-flow.ts";
import { run } from "../../local/run.ts";

const ws = (config: object, more: object = {}) => ({ type: "websocket", config, ...more });

test.each<[string, (socket: Socket) => unknown, RegExp]>([
  [
    "garbage",
    (socket) => socket.write(Buffer.alloc(64, 0xff)),
    /^1000: the server does not speak WebSocket as it should/,
  ],
  [
    "a masked frame",
    (socket) => socket.write(Buffer.from("818101020304ff", "hex")),
    /^1000: the server does not speak/,
  ],
  [
    "a text that is no UTF-8",
    (socket) => socket.write(Buffer.from("8102c328", "hex")),
    /^1000: the server does not speak/,
  ],
  [
    "a frame of 1 TB",
    (socket) => socket.write(Buffer.from("827f0000010000000000", "hex")),
    /^1000: a message is longer than 1000000 bytes; raise max_bytes$/,
  ],
  [
    "fragments without end",
    (socket) => {
      socket.write(Buffer.from("01016e", "hex"));
      flood(socket, Buffer.concat([Buffer.from("007e4000", "hex"), Buffer.alloc(0x4000, "n")]));
    },
    /^1000: a message is longer than 1000000 bytes; raise max_bytes$/,
  ],
  ["half a frame and no more", (socket) => socket.write(Buffer.from("820a0102", "hex")), /^timeout: 0 of 1 messages/],
  [
    "pings without end",
    (socket) => flood(socket, Buffer.alloc(2_000, "8900", "hex")),
    /^(?:timeout: 0 of 1 |1000: the connection ended)/,
  ],
  ["an end without a close", (socket) => socket.end(), /^1000: the connection ended without a close$/],
  ["a reset", (socket) => socket.resetAndDestroy(), /^(?:1220|1000): /],
])("a server that sends %s fails the step that waits, and the connection is gone", async (_what, send, expected) => {
  const server = await serveBytes((socket, head) => {
    acceptUpgrade(socket, head);
    send(socket);
  });
  const url = `ws://127.0.0.1:${server.port}/`;
  // Only who waits in vain runs into it, and then all at once; it is time to connect on a machine that stands still.
  const timeout = expected.test("timeout: 0 of 1 messages") ? "4s" : "50s";
  const report = await run({
    options: { mode: "per-vu-iterations", iterations: 1, vus: 3 },
    steps: [ws({ url, action: "receive", timeout })],
  });
  expect(report.errors).toMatchObject([{ count: 3 }]);
  expect(report.errors.map(({ code, message }) => `${code}: ${message}`)[0]).toMatch(expected);
  await expect.poll(server.open).toBe(0);
});

test("a thousand VUs have a connection each, and leave none", async () => {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  let opened = 0;
  sockets.on("connection", (socket) => {
    opened++;
    socket.on("message", (data) => socket.send(data as Buffer));
  });
  http.listen(0, "127.0.0.1", 2_000);
  await once(http, "listening");
  onTestFinished(() => {
    sockets.close();
    http.close();
  });
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  const report = await run({
    options: { mode: "per-vu-iterations", vus: 1_000, iterations: 3 },
    steps: [
      ws(
        { url, data: "${vu.id}", count: 1, timeout: "50s", connect_timeout: "50s" },
        { assert: [{ type: "body", value: "${vu.id}" }] },
      ),
    ],
  });
  expect(report.errors).toEqual([]);
  expect(report.metrics["ws_msgs_received"]?.values["count"]).toBe(3_000);
  expect(opened).toBe(1_000);
  await expect.poll(() => sockets.clients.size).toBe(0);
});

const flowOf = (port: number, options = "") =>
  `options: { http: { ${options} } }\nsteps: [{ id: s, type: websocket, config: { url: "ws://127.0.0.1:${port}/", data: x } }]`;

test("what target lists refuse is not dialled; a permit that is withdrawn while it connects sends nothing", async () => {
  const received: string[] = [];
  const server = await serveBytes((socket, head) => {
    acceptUpgrade(socket, head);
    socket.on("data", (chunk) => received.push(chunk.toString("hex")));
    granted = false;
  });
  let granted = true;
  const refused = await startScriptedFlow(
    flowOf(server.port),
    {},
    {
      maySend: () => granted,
      refuses: () => "it is not in slave.targets",
    },
  );
  expect(await refused.iterate()).toBe("failed");
  expect(Object.keys(refused.cut().errors)).toEqual(["1111: 127.0.0.1 may not be dialled: it is not in slave.targets"]);
  expect(server.open()).toBe(0);
  const withdrawn = await startScriptedFlow(flowOf(server.port), {}, { maySend: () => granted, refuses: () => null });
  expect(await withdrawn.iterate()).toBe("interrupted");
  expect(withdrawn.cut().errors).toEqual({});
  await withdrawn.compiled.close();
  await expect.poll(server.open).toBe(0);
  // Of the client's frames only a close, opcode 8.
  expect(received.every((frame) => frame.startsWith("88"))).toBe(true);
});

test("connections come from the source address of their VU", async () => {
  const from: (string | undefined)[] = [];
  const server = await serveBytes((socket, head) => {
    from.push(socket.remoteAddress);
    acceptUpgrade(socket, head);
  });
  const flow = await startScriptedFlow(flowOf(server.port, "ip: [127.0.0.5-127.0.0.6]"));
  for (const id of [1, 2, 3]) expect(await flow.iterate(flow.createVu(id))).toBe("passed");
  expect(from).toEqual(["127.0.0.6", "127.0.0.5", "127.0.0.6"]);
});
