import type { IncomingMessage } from "node:http";
import { type DemoRequest, sendError, sendJson } from "./answer.ts";

const largestBody = 16 * 1024 * 1024;

/** `/get`: the request as the server saw it. The route of choice for throughput: nothing here is asynchronous. */
export function echoGet({ message, response, query }: DemoRequest): void {
  sendJson(response, describeRequest(message, query));
}

/** `/post /put /patch /delete`: the request with its body, parsed by its content type. */
export async function echoBody({ message, response, query }: DemoRequest): Promise<void> {
  const body = await readBody(message);
  if (body === null) {
    sendError(response, 413, `the body is larger than ${largestBody} bytes`, { connection: "close" });
    return;
  }
  const type = message.headers["content-type"] ?? "";
  const data = body.toString("utf8");
  sendJson(response, {
    ...describeRequest(message, query),
    method: message.method,
    data,
    form: type.startsWith("application/x-www-form-urlencoded") ? parsePairs(data) : {},
    json: parseJson(data),
  });
}

/** The whole body; null when it is larger than the demo target accepts. */
export async function readBody(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** null when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function describeRequest(message: IncomingMessage, query: string): Record<string, unknown> {
  return {
    args: query === "" ? {} : parsePairs(query),
    headers: message.headers,
    origin: message.socket.remoteAddress,
    url: `http://${message.headers.host ?? ""}${message.url ?? ""}`,
  };
}

/** A name that comes twice holds a list. */
function parsePairs(text: string): Record<string, string | string[]> {
  const pairs: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(text)) {
    const before = pairs[name];
    pairs[name] = before === undefined ? value : [before, value].flat();
  }
  return pairs;
}
