import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type DemoRequest, sendEmpty, sendError, sendJson } from "./answer.ts";

const largestDelaySeconds = 60;
const largestBytes = 100 * 1024 * 1024;
const mostLines = 100_000;
const mostRedirects = 100;

const sample = Object.freeze({
  user: { id: 1, name: "Alice", tags: ["admin", "test"] },
  items: [
    { id: 1, name: "first", price: 9.99 },
    { id: 2, name: "second", price: 19.99 },
  ],
});

/** `/json`: always the same document. */
export function sendSample({ response }: DemoRequest): void {
  sendJson(response, sample);
}

/** `/status/N`: an answer with that status. */
export function sendStatus({ response, rest }: DemoRequest): void {
  const status = readCount(rest[0], 599);
  if (status === null || status < 200) return sendError(response, 400, "a status is 200 to 599");
  sendEmpty(response, status, status >= 300 && status < 400 ? { location: "/get" } : {});
}

/** `/delay/SECONDS`: answers after that time; fractions are fine. */
export async function sendLate({ response, rest }: DemoRequest): Promise<void> {
  const seconds = Number(rest[0]);
  if (!(seconds >= 0 && seconds <= largestDelaySeconds)) {
    return sendError(response, 400, `a delay is 0 to ${largestDelaySeconds} seconds`);
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    await wait(seconds * 1000, undefined, { signal: gone.signal });
  } catch {
    return; // the client has left
  }
  sendJson(response, { delay: seconds });
}

/** `/bytes/N`: N bytes. */
export function sendBytes({ response, rest }: DemoRequest): void {
  const count = readCount(rest[0], largestBytes);
  if (count === null) return sendError(response, 400, `a number of bytes is 0 to ${largestBytes}`);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": count });
  response.end(Buffer.alloc(count, "0123456789abcdef"));
}

/** `/redirect/N`: N times 302, then `/get`. */
export function sendRedirect({ response, rest }: DemoRequest): void {
  const left = readCount(rest[0], mostRedirects);
  if (left === null || left === 0) return sendError(response, 400, `a number of redirects is 1 to ${mostRedirects}`);
  sendEmpty(response, 302, { location: left === 1 ? "/get" : `/redirect/${left - 1}` });
}

/** `/page`: a small page with a form and links. */
export function sendPage({ response }: DemoRequest): void {
  const items = [1, 2, 3].map((id) => `<li class="item" data-id="${id}"><a href="/get?id=${id}">Item ${id}</a></li>`);
  const body = `<!doctype html>
<html><head><title>Demo shop</title></head><body>
<form action="/post" method="post"><input name="token" value="t-4711"></form>
<ul>${items.join("")}</ul>
</body></html>
`;
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** `/gzip`: a compressed JSON document. */
export function sendGzip({ message, response }: DemoRequest): void {
  const body = gzipSync(JSON.stringify({ gzipped: true, method: message.method }));
  response.writeHead(200, {
    "content-type": "application/json",
    "content-encoding": "gzip",
    "content-length": body.length,
  });
  response.end(body);
}

/** `/stream/N`: N lines of JSON in chunked coding. */
export async function sendStream({ message, response, rest }: DemoRequest): Promise<void> {
  const lines = readCount(rest[0], mostLines);
  if (lines === null) return sendError(response, 400, `a number of lines is 0 to ${mostLines}`);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (let line = 0; line < lines && !message.socket.destroyed; line++) {
    if (!response.write(`{"line":${line}}\n`)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

/** A whole number from 0 to `largest`; null for anything else. */
function readCount(text: string | undefined, largest: number): number | null {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return null;
  const count = Number(text);
  return count <= largest ? count : null;
}
