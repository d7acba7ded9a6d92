import { createServer, type Socket } from "node:net";
import type { Message, WireRequest } from "../../src/http/exchange.ts";
import { listening, wire } from "./transport.ts";

/** A request for HTTP/2 to a port of 127.0.0.1 (`localhost` when secure), everything kept. */
export function message(
  port: number,
  changes: Partial<WireRequest> & {
    readonly required?: boolean;
    readonly secure?: boolean;
    readonly path?: string;
    readonly method?: string;
    readonly payload?: Buffer | null;
  } = {},
): WireRequest {
  const { required = true, secure = false, path = "/", method = "GET", payload = null, ...rest } = changes;
  const host = secure ? "localhost" : "127.0.0.1";
  const scheme = secure ? "https" : "http";
  const headers = [":method", method, ":scheme", scheme, ":authority", `${host}:${port}`, ":path", path, "x-a", "1"];
  const body: Message = { required, headers, body: payload };
  return wire(port, { ...rest, secure, host, method, message: body });
}

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export const frames = {
  settings: (...pairs: readonly (readonly [number, number])[]) => {
    const payload = Buffer.alloc(pairs.length * 6);
    pairs.forEach(([key, value], place) => {
      payload.writeUInt16BE(key, place * 6);
      payload.writeUInt32BE(value, place * 6 + 2);
    });
    return frame(4, 0, 0, payload);
  },
  /** `:status: 200` and no more, from HPACK's own table. */
  ok: (stream: number, end = false) => frame(1, end ? 5 : 4, stream, Buffer.from([0x88])),
  data: (stream: number, text: string, end = false) => frame(0, end ? 1 : 0, stream, Buffer.from(text)),
  reset: (stream: number, error: number) => frame(3, 0, stream, word(error)),
  goaway: (last: number, error: number) => frame(7, 0, 0, Buffer.concat([word(last), word(error)])),
  ping: () => frame(6, 0, 0, Buffer.alloc(8)),
} as const;

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** What came to it. */
export interface FrameServer {
  readonly port: number;
  readonly streams: [connection: number, stream: number][];
  connections: number;
  /** SETTINGS that the client has taken. */
  settled: number;
  pings: number;
}

/**
 * A server that speaks frames by hand: sends SETTINGS, then what `onRequest` gives for each HEADERS that comes, and
 * answers PING, and counts its connections.
 */
export async function serveFrames(
  onRequest: (stream: number, socket: Socket, connection: number) => readonly Buffer[],
  greeting: readonly Buffer[] = [frames.settings()],
  { answersPing = true }: { readonly answersPing?: boolean } = {},
): Promise<FrameServer> {
  const seen = { port: 0, streams: [] as [number, number][], connections: 0, settled: 0, pings: 0 };
  const server = createServer((socket) => {
    const connection = ++seen.connections;
    let bytes = Buffer.alloc(0);
    let begun = false;
    socket.on("error", () => undefined);
    socket.write(Buffer.concat(greeting));
    socket.on("data", (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      if (!begun && bytes.length >= preface.length) {
        begun = true;
        bytes = bytes.subarray(preface.length);
      }
      while (begun && bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const length = bytes.readUIntBE(0, 3);
        const [type, flags, stream] = [bytes[3], bytes[4] ?? 0, bytes.readUInt32BE(5)];
        const payload = bytes.subarray(9, 9 + length);
        bytes = bytes.subarray(9 + length);
        if (type === 4 && (flags & 1) === 0) socket.write(frame(4, 1, 0));
        if (type === 4 && (flags & 1) === 1) seen.settled++;
        if (type === 6 && (flags & 1) === 0) {
          seen.pings++;
          if (answersPing) socket.write(frame(6, 1, 0, payload));
        }
        if (type !== 1) continue;
        seen.streams.push([connection, stream]);
        for (const answer of onRequest(stream, socket, connection)) socket.write(answer);
      }
    });
  });
  seen.port = await listening(server);
  return seen;
}
