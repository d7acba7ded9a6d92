import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import { onTestFinished } from "vitest";

/** A TCP server that answers as no good server would. */
export interface RawTarget {
  readonly url: string;
  /** Connections open now. */
  readonly connections: Set<Socket>;
  /** Connections accepted so far. */
  readonly accepted: () => number;
}

/** What a bad server does with a connection once the first bytes of a request have come. */
export const misbehaviours = {
  resets: (socket) => socket.resetAndDestroy(),
  closes: (socket) => socket.end(),
  stalls: () => {},
  stopsReading: (socket) => socket.pause(),
  sendsGarbage: (socket) => socket.end("\u0000\u0001 this is not HTTP \r\n\r\n"),
  sendsEndlessHeader: (socket) => pour(socket, "HTTP/1.1 200 OK\r\n", `x-more: ${"a".repeat(1000)}\r\n`),
  sendsEndlessBody: (socket) => pour(socket, "HTTP/1.1 200 OK\r\n\r\n", "b".repeat(16 * 1024)),
  closesMidBody: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this"),
} as const satisfies Record<string, (socket: Socket) => void>;

export type Misbehaviour = keyof typeof misbehaviours;

/** Starts it on a free port; it ends with the test. */
export async function startRawTarget(misbehaviour: Misbehaviour): Promise<RawTarget> {
  const connections = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    connections.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => connections.delete(socket));
    socket.once("data", () => misbehaviours[misbehaviour](socket));
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of connections) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections, accepted: () => accepted };
}

/** Sends `piece` again and again, as fast as the other side reads, until the connection ends. */
function pour(socket: Socket, head: string, piece: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  socket.write(head);
  more();
}
