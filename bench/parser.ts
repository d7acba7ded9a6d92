import { performance } from "node:perf_hooks";
import { AnswerReader } from "../src/http/answer-reader.ts";
import { HeadMemory } from "../src/http/head-memory.ts";

/** Nanoseconds to read one answer that comes in one piece. */
const json = '{"id":1,"name":"alice","email":"alice@example.test"}';
const top =
  "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 19:11:12 GMT\r\nContent-Type: application/json\r\n";
const withLength = `${top}Content-Length: ${json.length}\r\nConnection: keep-alive\r\n\r\n${json}`;
const chunked = `${top}Transfer-Encoding: chunked\r\n\r\n${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`;
const nothing = { head: false, keepHeaders: false, keepBody: false, expects: null };
const everything = { head: false, keepHeaders: true, keepBody: true, expects: null };

const cases = [
  { name: "length, the same head again", text: withLength, wanted: nothing, changing: false },
  { name: "length, another head each time", text: withLength, wanted: nothing, changing: true },
  { name: "length, body and headers kept", text: withLength, wanted: everything, changing: false },
  { name: "chunked, the same head again", text: chunked, wanted: nothing, changing: false },
];

const count = 300_000;
const second = withLength.indexOf("12 GMT") + 1;

for (const { name, text, wanted, changing } of cases) {
  const heads = new HeadMemory(65_536);
  const reader = new AnswerReader({ maxHeader: 65_536, maxBody: 1_000_000 }, heads);
  const end = heads.buffer.write(text, "latin1");
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      if (changing) heads.buffer[second] = 48 + (i % 10);
      reader.begin(wanted);
      if (reader.read(heads.buffer, 0, end) !== end) throw new Error(reader.problem);
    }
    best = Math.min(best, performance.now() - start);
  }
  console.log(`${((best / count) * 1e6).toFixed(0).padStart(6)} ns  ${name}`);
}
