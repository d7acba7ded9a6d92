import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Duplex } from "node:stream";
import type { WebSocketServer } from "ws";
import { type DemoRequest, sendError } from "./answer.ts";

const largestMessage = 16 * 1024 * 1024;
const mostEvents = 1_000_000;
const longestPauseMs = 60_000;

let server: Promise<WebSocketServer> | null = null;

/** `/ws`: a WebSocket that sends back every message, texts as texts and bytes as bytes. */
export async function echoMessages(message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on("error", () => undefined);
  if (!/^\/ws(?:[/?]|$)/.test(message.url ?? "")) {
    socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    return;
  }
  server ??= import("ws").then(
    (ws) => new ws.WebSocketServer({ noServer: true, maxPayload: largestMessage, perMessageDeflate: true }),
  );
  (await server).handleUpgrade(message, socket, head, (opened) => {
    opened.on("error", () => undefined);
    opened.on("message", (data: Buffer, binary) => opened.send(data, { binary }));
  });
}

/** `/events/N?every=MS`: a stream of N events `tick` with ids from 1, or of those behind Last-Event-ID; no N: without end. */
export async function sendEvents({ message, response, rest, query }: DemoRequest): Promise<void> {
  const last = rest[0] === undefined || rest[0] === "" ? Number.POSITIVE_INFINITY : Number(rest[0]);
  const pause = Number(new URLSearchParams(query).get("every") ?? 10);
  if (!(last === Number.POSITIVE_INFINITY || (Number.isInteger(last) && last >= 0 && last <= mostEvents)))
    return sendError(response, 400, `a number of events is 0 to ${mostEvents}`);
  if (!(pause >= 0 && pause <= longestPauseMs)) return sendError(response, 400, `every is 0 to ${longestPauseMs} ms`);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const before = Number(message.headers["last-event-id"] ?? 0);
  for (let id = Number.isInteger(before) ? before + 1 : 1; id <= last && !gone.signal.aborted; id++) {
    const isFull = !response.write(`id: ${id}\nevent: tick\ndata: {"n":${id},"text":"登录"}\n\n`);
    try {
      if (isFull) await once(response, "drain", { signal: gone.signal });
      if (pause > 0) await wait(pause, undefined, { signal: gone.signal });
    } catch {
      return; // the client has left
    }
  }
  response.end();
}
