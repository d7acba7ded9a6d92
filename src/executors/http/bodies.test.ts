import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createHttp2Server } from "node:http2";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Busboy } from "@fastify/busboy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHttpSteps, type HttpSteps } from "../../../test/support/http-steps.ts";
import type { BodyPart } from "../../protocol/http-config.ts";

const big = randomBytes(1_500_001);
const small = Buffer.from([0, 255, 254, 13, 10, 128]);
let folder: string;
let server: Server;
let steps: HttpSteps;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bodies-"));
  await writeFile(join(folder, "big.bin"), big);
  await writeFile(join(folder, "small.bin"), small);
  await writeFile(join(folder, "empty.bin"), "");
  server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const names = ["big.bin", "small.bin", "empty.bin"];
  const files = new Map(names.map((name) => [name, join(folder, name)]));
  const { port } = server.address() as AddressInfo;
  steps = createHttpSteps({ baseUrl: `http://127.0.0.1:${port}` }, {}, files);
});

afterEach(async () => {
  await steps.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Answers with what it got. */
function echoHash(request: IncomingMessage, response: ServerResponse): void {
  void readAll(request).then(
    (body) => response.end(JSON.stringify({ length: request.headers["content-length"], hash: hash(body) })),
    // The client left.
    () => response.destroy(),
  );
}

interface SeenPart {
  readonly field: string;
  readonly file: string | null;
  readonly type: string | null;
  readonly value: string;
}

/** Answers with the fields and files of the form. */
function echoForm(request: IncomingMessage, response: ServerResponse): void {
  const parts: SeenPart[] = [];
  const reader = new Busboy({ headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "" } });
  reader.on("field", (field, value) => parts.push({ field, file: null, type: null, value }));
  reader.on("file", (field, stream, file, _encoding, type) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => parts.push({ field, file, type, value: hash(Buffer.concat(chunks)) }));
  });
  reader.on("finish", () => response.end(JSON.stringify(parts)));
  request.pipe(reader);
}

const text = (field: string, value: string): BodyPart => ({
  field,
  content: { text: value },
  fileName: null,
  contentType: null,
});
const file = (field: string, name: string, fileName = name, contentType = "application/octet-stream"): BodyPart => ({
  field,
  content: { file: name },
  fileName,
  contentType,
});

describe("a file as the body", () => {
  test.each([
    ["big.bin", big],
    ["small.bin", small],
    ["empty.bin", Buffer.alloc(0)],
  ])("%s arrives byte for byte, with its length", async (name, bytes) => {
    answer = echoHash;
    const vu = steps.createVu();
    for (let i = 0; i < 2; i++) {
      const result = await steps.run({ method: "PUT", body: { kind: "file", file: name } }, { vu });
      expect(result.json()).toEqual({ length: String(bytes.length), hash: hash(bytes) });
    }
  });

  test("a redirect that keeps the method sends it again", async () => {
    answer = (request, response) => {
      if (request.url === "/end") echoHash(request, response);
      else void readAll(request).then(() => response.writeHead(307, { location: "/end" }).end());
    };
    const result = await steps.run({ method: "POST", url: "/start", body: { kind: "file", file: "big.bin" } });
    expect(result.json()).toEqual({ length: String(big.length), hash: hash(big) });
  });

  test("an answer before its end is the result, and the connection is not used again", async () => {
    answer = (_request, response) => response.writeHead(413).end("too large");
    const vu = steps.createVu();
    const early = await steps.run({ method: "POST", body: { kind: "file", file: "big.bin" } }, { vu });
    expect([early.statusCode, early.failure?.code]).toEqual([413, "http_413"]);
    answer = echoHash;
    const next = await steps.run({ method: "POST", body: { kind: "file", file: "small.bin" } }, { vu });
    expect(next.json()).toMatchObject({ hash: hash(small) });
  });

  test("over HTTP/2 as well", async () => {
    const http2 = createHttp2Server((request, response) => {
      const seen = createHash("sha256");
      request.on("data", (chunk: Buffer) => seen.update(chunk));
      request.on("end", () => response.end(JSON.stringify([request.headers["content-length"], seen.digest("hex")])));
    });
    http2.listen(0, "127.0.0.1");
    await once(http2, "listening");
    const url = `http://127.0.0.1:${(http2.address() as AddressInfo).port}/`;
    const result = await steps.run({ method: "POST", url, version: "2", body: { kind: "file", file: "big.bin" } });
    expect(result.json()).toEqual([String(big.length), hash(big)]);
    await steps.close();
    http2.close();
  });

  test("a file that became shorter fails the request with its name", async () => {
    answer = echoHash;
    const operation = steps.compile({ method: "POST", body: { kind: "file", file: "big.bin" } });
    await steps.prepare();
    await truncate(join(folder, "big.bin"), 10);
    const result = await operation(steps.createVu(), Number.POSITIVE_INFINITY);
    expect(result.failure).toEqual({
      code: "1000",
      message: "file `big.bin` cannot be sent: it is shorter than its 1500001 bytes at the start",
    });
  });

  test("a server that reads nothing is left at the deadline", async () => {
    answer = (request) => request.pause();
    const result = await steps.run({
      method: "POST",
      body: { kind: "multipart", parts: Array.from({ length: 20 }, () => file("f", "big.bin")) },
      totalTimeoutMs: 300,
    });
    expect(result.failure?.code).toBe("1050");
  });

  test("50 MB from four VUs at once take a bounded part of memory", async () => {
    // In a process of its own: what it reads is not measured.
    const counter = spawn(process.execPath, [
      "-e",
      `require("node:http").createServer((request, response) => {
         let bytes = 0;
         request.on("data", (chunk) => { bytes += chunk.length; });
         request.on("end", () => response.end(String(bytes)));
       }).listen(0, "127.0.0.1", function () { console.log(this.address().port); })`,
    ]);
    const [port] = (await once(counter.stdout, "data")) as [Buffer];
    const url = `http://127.0.0.1:${port.toString().trim()}/`;
    const size = 50_000_000;
    await writeFile(join(folder, "big.bin"), "");
    await truncate(join(folder, "big.bin"), size);
    const operation = steps.compile({ method: "POST", url, body: { kind: "file", file: "big.bin" } });
    await steps.prepare();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 5);
    const results = await Promise.all(
      Array.from({ length: 4 }, async () => operation(steps.createVu(), Number.POSITIVE_INFINITY)),
    );
    clearInterval(watch);
    counter.kill();
    expect(results.map((result) => result.text())).toEqual(Array.from({ length: 4 }, () => String(size)));
    expect(most - before).toBeLessThan(10_000_000);
  });

  test("a name that did not come with the workflow is a problem before the start", () => {
    expect(() => steps.compile({ body: { kind: "file", file: "other.bin" } })).toThrow(
      "`other.bin` cannot be sent: it did not come with the workflow",
    );
  });
});

describe("charsets and codings", () => {
  function echoRaw(request: IncomingMessage, response: ServerResponse): void {
    const { "content-encoding": coding = "", "content-length": length } = request.headers;
    void readAll(request).then((bytes) => response.end(JSON.stringify({ coding, length, hex: bytes.toString("hex") })));
  }
  const textBody = { kind: "text", text: "中文${x}" } as const;

  test.each([
    ["text/plain; charset=gbk", "d6d0cec4a8a6"],
    ['text/plain;charset="GB18030"', "d6d0cec4a8a6"],
    ["text/plain; charset=iso-8859-1", "3f3fe9"],
    ["text/plain; charset=utf-8", Buffer.from("中文é").toString("hex")],
    ["text/plain", Buffer.from("中文é").toString("hex")],
  ])("a text goes out in the charset of %s", async (type, hex) => {
    answer = echoRaw;
    const vu = steps.createVu();
    vu.variables.set("x", "é");
    const headers = [["content-type", type]] as const;
    const result = await steps.run({ method: "POST", headers, body: textBody }, { vu });
    expect(result.json()).toEqual({ coding: "", length: String(hex.length / 2), hex });
  });

  test("a charset that is not known is a problem before the start", () => {
    const headers = [["content-type", "text/plain; charset=nowhere"]] as const;
    expect(() => steps.compile({ headers, body: textBody })).toThrow(
      "the charset `nowhere` of the content-type is not known",
    );
  });

  test.each([
    ["gzip", gunzipSync],
    ["deflate", inflateSync],
    ["br", brotliDecompressSync],
  ] as const)("a body is compressed by %s, files are not", async (requestCoding, decode) => {
    answer = echoRaw;
    const value = { text: "x".repeat(9_000) };
    const sent = await steps.run({ method: "POST", requestCoding, body: { kind: "json", value } });
    const { coding, hex } = sent.json() as { readonly coding: string; readonly hex: string };
    expect([coding, hex.length < 1_000]).toEqual([requestCoding, true]);
    expect(JSON.parse(decode(Buffer.from(hex, "hex")).toString("utf8"))).toEqual(value);
    const raw = await steps.run({ method: "POST", requestCoding, body: { kind: "file", file: "small.bin" } });
    expect(raw.json()).toEqual({ coding: "", length: "6", hex: small.toString("hex") });
  });

  test("a step that names its coding has coded its body", async () => {
    answer = echoRaw;
    const headers = [["content-encoding", "own"]] as const;
    const result = await steps.run({
      method: "POST",
      requestCoding: "gzip",
      headers,
      body: { kind: "text", text: "ab" },
    });
    expect(result.json()).toEqual({ coding: "own", length: "2", hex: "6162" });
  });

  test("the same text is one request, another is made anew", async () => {
    answer = echoRaw;
    const vu = steps.createVu();
    const operation = steps.compile({ method: "POST", requestCoding: "gzip", body: textBody });
    for (const x of ["a", "a", "b"]) {
      vu.variables.set("x", x);
      const { hex } = (await operation(vu, Number.POSITIVE_INFINITY)).json() as { readonly hex: string };
      expect(gunzipSync(Buffer.from(hex, "hex")).toString("utf8")).toBe(`中文${x}`);
    }
  });
});

describe("multipart", () => {
  test("fields and files arrive as they are, with names, types and templates", async () => {
    answer = echoForm;
    const vu = steps.createVu();
    vu.variables.set("user", 'a "b"');
    const parts = [
      text("who", "x ${user}"),
      text("empty", ""),
      file("photo", "big.bin", "${user}.png", "image/png"),
      file("photo", "small.bin"),
      file("photo", "empty.bin"),
    ];
    const result = await steps.run({ method: "POST", body: { kind: "multipart", parts } }, { vu });
    expect(result.json()).toEqual([
      { field: "who", file: null, type: null, value: 'x a "b"' },
      { field: "empty", file: null, type: null, value: "" },
      { field: "photo", file: "a %22b%22.png", type: "image/png", value: hash(big) },
      { field: "photo", file: "small.bin", type: "application/octet-stream", value: hash(small) },
      { field: "photo", file: "empty.bin", type: "application/octet-stream", value: hash(Buffer.alloc(0)) },
    ]);
  });

  test("texts alone are one buffer, the same for every request", async () => {
    answer = echoForm;
    const result = await steps.run({
      method: "POST",
      body: { kind: "multipart", parts: [text("a", "1"), text("a", "2")] },
    });
    expect(result.json()).toEqual([
      { field: "a", file: null, type: null, value: "1" },
      { field: "a", file: null, type: null, value: "2" },
    ]);
  });

  test("a line break cannot leave its part's head", async () => {
    const vu = steps.createVu();
    vu.variables.set("x", "a\r\nb");
    answer = echoForm;
    const named = await steps.run(
      { method: "POST", body: { kind: "multipart", parts: [file("f", "small.bin", "${x}")] } },
      { vu },
    );
    expect(named.json()).toMatchObject([{ field: "f", file: "a%0D%0Ab" }]);
    const typed = await steps.run(
      { method: "POST", body: { kind: "multipart", parts: [file("f", "small.bin", "n", "${x}")] } },
      { vu },
    );
    expect(typed.failure).toEqual({
      code: "template",
      message: "the content_type of a part holds a line break; remove it",
    });
  });
});
