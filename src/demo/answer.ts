import type { IncomingMessage, ServerResponse } from "node:http";

/** One request to the demo target and what a route needs of it. */
export interface DemoRequest {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** The path's parts after the route's own name, decoded. */
  readonly rest: readonly string[];
  /** The text after `?`; empty: none. */
  readonly query: string;
}

type Headers = Readonly<Record<string, string | number | readonly string[]>>;

/** Answers with `value` as JSON. */
export function sendJson(response: ServerResponse, value: unknown, status = 200, headers: Headers = {}): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/** Answers without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Headers = {}): void {
  response.writeHead(status, { "content-length": 0, ...headers });
  response.end();
}

/** Answers 4xx with the message as JSON. */
export function sendError(response: ServerResponse, status: number, error: string, headers: Headers = {}): void {
  sendJson(response, { error }, status, headers);
}
