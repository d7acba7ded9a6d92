import * as fc from "fast-check";
import { expect, it } from "vitest";
import { collectHeaders, HeadScan, incomplete, malformed, scanHead } from "./head.ts";
import { HeadMemory } from "./head-memory.ts";

const line = fc.constantFrom(
  "Content-Length: 5",
  "Content-Length: 6",
  "Transfer-Encoding: chunked",
  "Connection: close",
  "Connection: keep-alive",
  "Set-Cookie: a=b",
  "Date: Mon, 23 Nov 2026 19:11:12 GMT",
  "Date: Mon, 23 Nov 2026 19:11:13 GMT",
  `X-Long: ${"x".repeat(1100)}`,
  "no colon",
);
const read = fc.record({
  status: fc.constantFrom("HTTP/1.1 200 OK", "HTTP/1.0 200 OK", "HTTP/1.1 201 OK"),
  lines: fc.array(line, { maxLength: 4 }),
  // An unfinished head, or one with bytes of a body after it.
  end: fc.constantFrom("\r\n\r\n", "\r\n\r\nbody", "\r\n\r\nbodybodybodi", "\r\n", ""),
});

it("finds what a scan finds, whatever it read before", () => {
  fc.assert(
    fc.property(fc.array(read, { minLength: 1, maxLength: 20 }), (reads) => {
      const memory = new HeadMemory(8192);
      for (const { status, lines, end } of reads) {
        const length = memory.buffer.write(`${[status, ...lines].join("\r\n")}${end}`, "latin1");
        const expected = new HeadScan();
        const position = scanHead(memory.buffer, 0, length, expected);
        expect(memory.read(memory.buffer, 0, length)).toBe(position);
        if (position === malformed) expect(memory.found.problem).toBe(expected.problem);
        if (position === incomplete || position === malformed) continue;
        const { problem: _old, headers: _kept, ...found } = memory.found;
        const { problem: _none, headers: _null, ...scanned } = expected;
        expect(found).toEqual(scanned);
        memory.found.headers ??= collectHeaders(memory.buffer, memory.found.headersAt, position);
        expect(memory.found.headers).toEqual(collectHeaders(memory.buffer, expected.headersAt, position));
      }
    }),
    { numRuns: 300 },
  );
});

it("gives equal heads one list of headers", () => {
  const memory = new HeadMemory(1024);
  const length = memory.buffer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "latin1");
  const position = memory.read(memory.buffer, 0, length);
  memory.found.headers = collectHeaders(memory.buffer, memory.found.headersAt, position);
  const list = memory.found.headers;
  memory.buffer.write("no", length - 2, "latin1");
  expect(memory.read(memory.buffer, 0, length)).toBe(position);
  expect(memory.found.headers).toBe(list);
  memory.buffer.write("1", "HTTP/1.1 20".length, "latin1");
  memory.read(memory.buffer, 0, length);
  expect([memory.found.status, memory.found.headers]).toEqual([201, null]);
});

it("leaves other buffers and other places alone", () => {
  const memory = new HeadMemory(1024);
  const first = memory.buffer.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
  const second = memory.buffer.write("HTTP/1.1 204 None\r\n\r\n", first, "latin1");
  expect(memory.read(memory.buffer, first, first + second)).toBe(first + second);
  expect(memory.found.status).toBe(204);
  const other = Buffer.from("HTTP/1.1 200 OK\r\n\r\n");
  expect(memory.read(other, 0, other.length)).toBe(other.length);
  expect(memory.found.status).toBe(200);
});
