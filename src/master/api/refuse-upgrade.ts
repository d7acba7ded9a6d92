import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { EngineError } from "../../errors.ts";
import type { Clock } from "../../protocol/ports.ts";
import { describeError, headersOf } from "./answer-error.ts";

/** So long a peer has to take the answer and to close its end, ms. */
const goodbyeMs = 2_000;

type Timer = Pick<Clock, "now" | "at">;

/** Answers an upgrade that is not taken with its error, and closes, whether or not the peer does. */
export function refuseUpgrade(socket: Duplex, error: EngineError, clock: Timer): void {
  write(socket, clock, error.status, JSON.stringify(describeError(error)), headersOf(error));
}

/** Answers what never became a request, and closes, whether or not the peer does. */
export function writeError(socket: Duplex, status: number, message: string, clock: Timer): void {
  write(socket, clock, status, JSON.stringify({ error: "invalid_request", message }), {});
}

function write(
  socket: Duplex,
  clock: Timer,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  const alarm = clock.at(clock.now() + goodbyeMs, () => socket.destroy());
  socket.once("close", () => alarm.cancel());
}
