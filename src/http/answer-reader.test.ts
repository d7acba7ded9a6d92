import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerReader, broken, more, type Wanted } from "./answer-reader.ts";
import { HeadMemory } from "./head-memory.ts";

const limits = { maxHeader: 65_536, maxBody: 1_000_000 };
const all: Wanted = { head: false, keepHeaders: true, keepBody: true, expects: null };

interface Read {
  readonly status: number;
  readonly minor: number;
  readonly headers: readonly string[] | null;
  readonly body: string;
  readonly problem: string;
  /** Position in the whole text; -1: not ended. */
  readonly endedAt: number;
  readonly reusable: boolean;
}

/** Reads one answer from pieces, each at another place of a buffer that is overwritten afterwards, as sockets do it. */
function readPieces(pieces: readonly Buffer[], closes: boolean, wanted = all, bounds = limits): Read {
  const reader = new AnswerReader(bounds, new HeadMemory(4));
  reader.begin(wanted);
  let endedAt = -1;
  let before = 0;
  for (const piece of pieces) {
    const shared = Buffer.alloc(piece.length + 7, "x");
    piece.copy(shared, 3);
    const next = reader.read(shared, 3, 3 + piece.length);
    shared.fill("y");
    if (next === broken) break;
    if (next !== more) {
      endedAt = before + next - 3;
      break;
    }
    before += piece.length;
  }
  if (endedAt < 0 && closes && reader.problem === "" && reader.end()) endedAt = before;
  const { status, minor, headers, body, problem, reusable } = reader;
  return { status, minor, headers, body: body?.toString("latin1") ?? "", problem, endedAt, reusable };
}

function readWhole(text: string, wanted = all, bounds = limits): Read {
  return readPieces([Buffer.from(text, "latin1")], false, wanted, bounds);
}

/** The same bytes through Node's own parser. */
async function readByNode(
  bytes: Buffer,
  method: string,
): Promise<{ status: number; minor: number; headers: string[]; body: string }> {
  const socket = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      done();
      this.push(bytes);
      this.push(null);
    },
  });
  const request = get({ method, createConnection: () => socket });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers = response.rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  const body = Buffer.concat(chunks).toString("latin1");
  return { status: response.statusCode ?? 0, minor: response.httpVersionMinor, headers, body };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const to of [...at, bytes.length]) {
    if (to > from) pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces;
}

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
const value = fc.stringMatching(/^([!-~]([ -~]{0,30}[!-~])?)?$/);
const framing = new Set(["content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer"]);
const header = fc
  .tuple(token, value, fc.constantFrom(":", ": ", ":\t", ":  "), fc.constantFrom("", " ", "\t"))
  .filter(([name]) => !framing.has(name.toLowerCase()));
const body = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const reason = fc.stringMatching(/^[A-Za-z ]{0,20}$/);

interface Answer {
  readonly text: string;
  readonly method: string;
  /** Its end is the end of the connection. */
  readonly closes: boolean;
}

const answer: fc.Arbitrary<Answer> = fc
  .record({
    interim: fc.array(
      fc.constantFrom("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
      {
        maxLength: 2,
      },
    ),
    status: fc.oneof(fc.constantFrom(200, 201, 204, 301, 304, 404, 500), fc.integer({ min: 200, max: 599 })),
    reason,
    headers: fc.array(header, { maxLength: 8 }),
    framing: fc.constantFrom("length", "chunked", "close", "http10"),
    nameCase: fc.constantFrom("Content-Length", "content-length", "CONTENT-LENGTH"),
    parts: fc.array(body, { maxLength: 5 }),
    extension: fc.constantFrom("", ";a=b", ";x", ';q="v"'),
    trailers: fc.array(fc.tuple(token, value), { maxLength: 2 }),
    method: fc.constantFrom("GET", "GET", "GET", "HEAD"),
  })
  .map((a) => {
    const whole = a.parts.join("");
    const lines = a.headers.map(([name, text, colon, blank]) => `${name}${colon}${text}${blank}\r\n`);
    const bodyless = a.method === "HEAD" || a.status === 204 || a.status === 304;
    const minor = a.framing === "http10" ? 0 : 1;
    let text = `${a.interim.join("")}HTTP/1.${minor} ${a.status} ${a.reason}\r\n${lines.join("")}`;
    if (a.framing === "length") text += `${a.nameCase}: ${whole.length}\r\n\r\n${bodyless ? "" : whole}`;
    else if (a.framing !== "chunked") text += `\r\n${bodyless ? "" : whole}`;
    else {
      text += "Transfer-Encoding: chunked\r\n\r\n";
      if (!bodyless) {
        for (const part of a.parts) {
          if (part !== "") text += `${part.length.toString(16)}${a.extension}\r\n${part}\r\n`;
        }
        text += `0\r\n${a.trailers.map(([name, v]) => `${name}: ${v}\r\n`).join("")}\r\n`;
      }
    }
    return { text, method: a.method, closes: !bodyless && (a.framing === "close" || a.framing === "http10") };
  });

describe("AnswerReader", () => {
  it("reads any answer in any cut as Node's parser reads it", async () => {
    await fc.assert(
      fc.asyncProperty(answer, fc.array(fc.nat(), { maxLength: 12 }), async ({ text, method, closes }, places) => {
        const bytes = Buffer.from(text, "latin1");
        const expected = await readByNode(bytes, method);
        const wanted = { ...all, head: method === "HEAD" };
        const read = readPieces(cut(bytes, places), closes, wanted);
        expect(read.problem).toBe("");
        expect(read.endedAt).toBe(bytes.length);
        const { status, minor, headers, body: read_ } = read;
        expect({ status, minor, headers, body: read_ }).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it("reads byte by byte what it reads at once", () => {
    fc.assert(
      fc.property(answer, ({ text, method, closes }) => {
        const bytes = Buffer.from(text, "latin1");
        const wanted = { ...all, head: method === "HEAD" };
        const single = Array.from(bytes, (byte) => Buffer.from([byte]));
        expect(readPieces(single, closes, wanted)).toEqual(readPieces([bytes], closes, wanted));
      }),
      { numRuns: 100 },
    );
  });

  it("never throws, whatever comes", () => {
    const words = fc.constantFrom(
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.0 ",
      "HTTP/",
      "\r\n",
      "\n",
      "\r",
      " ",
      ":",
      "content-length: 5",
      "content-length:",
      "transfer-encoding: chunked\r\n",
      "5\r\nhello\r\n",
      "0\r\n\r\n",
      "connection: close\r\n",
      "set-cookie: a=b\r\n",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(words, body), { maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 5 }),
        (parts, places) => {
          const bytes = Buffer.from(parts.join(""), "latin1");
          const read = readPieces(cut(bytes, places), true);
          expect(read.endedAt).toBeLessThanOrEqual(bytes.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true],
    ["no reason phrase", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true],
    ["lone line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok", true],
    ["no headers at all but a body without end", "HTTP/1.1 200 OK\r\n\r\n", 200, "", false],
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false],
    [
      "HTTP/1.0 with keep-alive",
      "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
      200,
      "ok",
      true,
    ],
    ["the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok", 200, "ok", true],
    [
      "a length beside chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
      200,
      "ok",
      false,
    ],
    [
      "chunk sizes in capitals and with zeros",
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00A\r\n0123456789\r\n0\r\n\r\n`,
      200,
      "0123456789",
      true,
    ],
    ["204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", true],
    ["101, after which it is no HTTP any more", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", 101, "", false],
  ])("takes %s", (_name, text, status, expectedBody, reusable) => {
    const read = readWhole(text);
    expect([read.problem, read.status, read.body, read.reusable]).toEqual(["", status, expectedBody, reusable]);
  });

  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "not HTTP/1"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "not HTTP/1"],
    ["an unknown minor version", "HTTP/1.7 200 OK\r\n\r\n", "not HTTP/1.0 or 1.1"],
    ["letters for a status", "HTTP/1.1 abc OK\r\n\r\n", "a status that is not a number from 100 to 999"],
    ["four digits for a status", "HTTP/1.1 2000 OK\r\n\r\n", "a status that is not three digits"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "a header line without a colon"],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "a header without a name"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nA : x\r\n\r\n", "a header line without a colon"],
    ["a carriage return alone", "HTTP/1.1 200 OK\r\n\rx\r\n\r\n", "a carriage return inside the headers"],
    ["a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 'content-length "-1" is not a length'],
    ["a length in words", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", 'content-length "five" is not a length'],
    ["no length after the name", "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", 'content-length "" is not a length'],
    [
      "a length beyond numbers",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      'content-length "99999999999999999999" is not a length',
    ],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "two content-lengths, 5 and 6",
    ],
    [
      "a coding nobody asked for",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      'transfer-encoding "gzip, chunked", only chunked is understood',
    ],
    [
      "a chunk size that is none",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "a chunk size that is not a number",
    ],
    [
      "an empty chunk size",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
      "a chunk size that is not a number",
    ],
    [
      "a chunk size beyond numbers",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      "a chunk size that is not a number",
    ],
    [
      "a chunk longer than its size",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n",
      "a chunk longer than its size",
    ],
  ])("refuses %s", (_name, text, problem) => {
    expect(readWhole(text).problem).toBe(problem);
    expect(
      readPieces(
        Array.from(text, (byte) => Buffer.from(byte)),
        false,
      ).problem,
    ).toBe(problem);
  });

  it("joins folded header lines by a space", () => {
    const read = readWhole("HTTP/1.1 200 OK\r\nA: one\r\n  two\r\n\tthree\r\nContent-Length: 0\r\n\r\n");
    expect(read.headers).toEqual(["a", "one two three", "content-length", "0"]);
  });

  it("keeps headers unasked only for redirects and cookies", () => {
    const wanted = { head: false, keepHeaders: false, keepBody: false, expects: null };
    const tail = "Location: /a\r\nContent-Length: 0\r\n\r\n";
    expect(readWhole(`HTTP/1.1 200 OK\r\n${tail}`, wanted).headers).toBeNull();
    expect(readWhole(`HTTP/1.1 302 Found\r\n${tail}`, wanted).headers).toEqual([
      "location",
      "/a",
      "content-length",
      "0",
    ]);
    expect(readWhole(`HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n${tail}`, wanted).headers?.slice(0, 2)).toEqual([
      "set-cookie",
      "a=b",
    ]);
  });

  it("stops where the answer ends and says so", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    expect(readWhole(`${text}HTTP/1.1 500 Oh\r\n\r\n`).endedAt).toBe(text.length);
  });

  it("bounds the head, whole or in pieces, and trailers", () => {
    const small = { maxHeader: 100, maxBody: 10 };
    const problem = "its headers are larger than max_header (100 bytes)";
    const text = `HTTP/1.1 200 OK\r\nA: ${"x".repeat(200)}\r\nContent-Length: 0\r\n\r\n`;
    expect(readWhole(text, all, small).problem).toBe(problem);
    expect(readPieces(cut(Buffer.from(text), [10, 50, 90, 110, 150]), false, all, small).problem).toBe(problem);
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(readWhole(`${chunked}0\r\nA: ${"x".repeat(200)}`, all, small).problem).toBe(
      "trailers larger than max_header",
    );
    expect(readWhole(`${chunked}5;${"x".repeat(200)}`, all, small).problem).toBe("chunk extensions without end");
  });

  it("bounds a body that is kept and no other", () => {
    const small = { maxHeader: 1000, maxBody: 10 };
    const problem = "its body is larger than max_body (10 bytes)";
    const length = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890";
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n";
    const toEnd = "HTTP/1.1 200 OK\r\n\r\n01234567890";
    for (const text of [length, chunked, toEnd]) {
      expect(readWhole(text, all, small).problem).toBe(problem);
      expect(readWhole(text, { ...all, keepBody: false }, small).problem).toBe("");
    }
  });

  it("keeps the beginning of a body that nothing reads where the status is not hoped for", () => {
    const wanted = { head: false, keepHeaders: false, keepBody: false, expects: null };
    const only404 = { ...wanted, expects: (status: number) => status === 404 };
    const long = "x".repeat(5000);
    const readClosed = (text: string, asked: Wanted, bounds = limits) =>
      readPieces([Buffer.from(text)], true, asked, bounds);
    const bodies = [
      (text: string) => `Content-Length: ${text.length}\r\n\r\n${text}`,
      (text: string) => `\r\n${text}`,
      (text: string) => `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    ];
    for (const body of bodies) {
      const failed = `HTTP/1.1 503 Busy\r\n${body("later")}`;
      expect(readClosed(failed, wanted).body).toBe("later");
      expect(readPieces(cut(Buffer.from(failed), [10, 22, 60, 61]), true, wanted).body).toBe("later");
      expect(readClosed(`HTTP/1.1 503 Busy\r\n${body(long)}`, wanted).body).toBe(long.slice(0, 2048));
      expect(readClosed(`HTTP/1.1 200 OK\r\n${body("fine")}`, wanted)).toMatchObject({ body: "", headers: null });
      expect(readClosed(`HTTP/1.1 200 OK\r\n${body("found")}`, only404).body).toBe("found");
      expect(readClosed(`HTTP/1.1 404 No\r\n${body("gone")}`, only404)).toMatchObject({ body: "", headers: null });
      expect(readClosed(failed, wanted, { maxHeader: 1000, maxBody: 3 })).toMatchObject({ body: "lat", problem: "" });
    }
  });

  it("reads answer after answer", () => {
    const heads = new HeadMemory(4);
    const reader = new AnswerReader(limits, heads);
    for (const [text, expected] of [
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok"],
      ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", "yes"],
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\n", "more"],
      ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", undefined],
    ] as const) {
      reader.begin(all);
      const bytes = Buffer.from(text);
      expect(reader.read(bytes, 0, bytes.length)).toBe(bytes.length);
      expect(reader.body?.toString()).toBe(expected);
    }
  });
});
