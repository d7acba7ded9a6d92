import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { EngineError } from "../../errors.ts";
import { describeError, headersOf } from "./answer-error.ts";

/** Answers an upgrade that is not taken with its error, and closes. */
export function refuseUpgrade(socket: Duplex, error: EngineError): void {
  write(socket, error.status, JSON.stringify(describeError(error)), headersOf(error));
}

/** Answers what never became a request, and closes. */
export function writeError(socket: Duplex, status: number, message: string): void {
  write(socket, status, JSON.stringify({ error: "invalid_request", message }), {});
}

function write(socket: Duplex, status: number, body: string, headers: Readonly<Record<string, string>>): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
