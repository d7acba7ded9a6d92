import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { flood, serveBytes } from "../../../test/support/frame-server.ts";
import { startScriptedFlow } from "../../../test/support/scripted-flow.ts";
import { run } from "../../local/run.ts";

const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

test.each<[string, (socket: Socket) => unknown, RegExp]>([
  ["no HTTP", (socket) => socket.end("\0\x01\x02 hello\r\n\r\n"), /^\d+: GET .* failed: /],
  [
    "headers without end",
    (socket) => flood(socket, Buffer.from(`${head}${"x: y\r\n".repeat(1_000)}`)),
    /^\d+: GET .* failed: /,
  ],
  ["half a head", (socket) => socket.write(head), /^timeout: /],
  ["a line without end", (socket) => flood(begun(socket), Buffer.alloc(10_000, "x")), /^1000: an event is longer than/],
  [
    "lines without an event",
    (socket) => flood(begun(socket), Buffer.from("data: x\n".repeat(1_000))),
    /^1000: an event is longer than/,
  ],
  ["comments without end", (socket) => flood(begun(socket), Buffer.from(": hi\n".repeat(1_000))), /^timeout: 0 of 1 /],
  [
    "a broken chunk",
    (socket) => socket.write(`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`),
    /^1200: the stream broke: HPE_INVALID_CHUNK_SIZE$/,
  ],
  [
    "gzip",
    (socket) => socket.write(`${head}content-encoding: gzip\r\n\r\n`),
    /^1000: .* gave a stream in `gzip`, which is not read; ask for it plain$/,
  ],
  [
    "a reset",
    (socket) => void begun(socket).write("data: x\n", () => socket.resetAndDestroy()),
    /^\d+: the stream broke/,
  ],
])("a server that sends %s fails the step that waits, and the connection is gone", async (_what, send, expected) => {
  const server = await serveBytes(send);
  const url = `http://127.0.0.1:${server.port}/`;
  // Only who waits in vain runs into it, and then all at once; it is time to connect on a machine that stands still.
  const timeout = expected.test("timeout: 0 of 1 ") ? "4s" : "50s";
  const report = await run({
    options: { mode: "per-vu-iterations", iterations: 1, vus: 3 },
    steps: [{ type: "sse", config: { url, timeout, max_bytes: "100kB" } }],
  });
  expect(report.errors).toMatchObject([{ count: 3 }]);
  expect(report.errors.map(({ code, message }) => `${code}: ${message}`)[0]).toMatch(expected);
  await expect.poll(server.open).toBe(0);
});

test("a thousand VUs have a stream each, and leave none", async () => {
  const server = await serveBytes((socket) => begun(socket).write("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
  const report = await run({
    options: { mode: "per-vu-iterations", vus: 1_000, iterations: 3 },
    steps: [
      { type: "sse", config: { url: `http://127.0.0.1:${server.port}/`, timeout: "50s", connect_timeout: "50s" } },
    ],
  });
  expect(report.errors).toEqual([]);
  expect(report.metrics["sse_events_received"]?.values["count"]).toBe(3_000);
  expect(report.metrics["sse_streams"]?.values["count"]).toBe(1_000);
  await expect.poll(server.open).toBe(0);
});

const flowOf = (port: number, options = "") =>
  `options: { http: { ${options} } }\nsteps: [{ id: s, type: sse, config: { url: "http://127.0.0.1:${port}/" } }]`;

test("what target lists refuse is not dialled; a permit that is withdrawn while it connects asks for nothing", async () => {
  let asked = 0;
  const server = await serveBytes((socket) => {
    asked++;
    begun(socket);
  });
  const refused = await startScriptedFlow(
    flowOf(server.port),
    {},
    {
      maySend: () => true,
      refuses: () => "it is not in slave.targets",
    },
  );
  expect(await refused.iterate()).toBe("failed");
  expect(Object.keys(refused.cut().errors)).toEqual(["1111: 127.0.0.1 may not be dialled: it is not in slave.targets"]);
  // Addresses are checked just before they are dialled: once more it may, then no more.
  let left = Number.POSITIVE_INFINITY;
  const refuses = (_host: string, address: string) => {
    if (address !== "") left = 1;
    return null;
  };
  const withdrawn = await startScriptedFlow(flowOf(server.port), {}, { maySend: () => left-- > 0, refuses });
  expect(await withdrawn.iterate()).toBe("interrupted");
  expect(withdrawn.cut().errors).toEqual({});
  await expect.poll(server.open).toBe(0);
  expect(asked).toBe(0);
});

test("streams come from the source address of their VU", async () => {
  const from: (string | undefined)[] = [];
  const server = await serveBytes((socket) => {
    from.push(socket.remoteAddress);
    begun(socket).write("data: x\n\n");
  });
  const flow = await startScriptedFlow(flowOf(server.port, "ip: [127.0.0.5-127.0.0.6]"));
  for (const id of [1, 2, 3]) expect(await flow.iterate(flow.createVu(id))).toBe("passed");
  expect(from).toEqual(["127.0.0.6", "127.0.0.5", "127.0.0.6"]);
});

function begun(socket: Socket): Socket {
  socket.write(`${head}\r\n`);
  return socket;
}
