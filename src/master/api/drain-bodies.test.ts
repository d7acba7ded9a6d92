import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { startApiServer } from "../../../test/support/api-server.ts";
import { Client } from "../../client/client.ts";
import { createSystemClock } from "../../run/system-clock.ts";
import { systemTime } from "../../run/system-time.ts";
import { type DrainLimits, drainBodies } from "./drain-bodies.ts";

const limit = 1_000_000;
const message = `the body is larger than ${limit} bytes`;

/** A file of so many bytes. */
function writeFile(size: number): string {
  const folder = mkdtempSync(join(tmpdir(), "we-drain-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "rows.csv");
  writeFileSync(file, Buffer.alloc(size, "x"));
  return file;
}

test.each([4, 30])("curl, fetch and the client hear why an upload of %i times the limit is refused", async (times) => {
  const { url, submissions } = await startApiServer({ config: `server: {max_upload: ${limit}}` });
  const file = writeFile(times * limit);
  const workflows = `${url}/api/v1/workflows`;

  for (const connection of ["keep-alive", "close"]) {
    const args = ["-sS", "-w", " %{http_code}", "-H", `Connection: ${connection}`, "-H", "Expect:"];
    const form = ["-F", "workflow=steps: []", "-F", `files=@${file}`, workflows];
    const { stdout } = await promisify(execFile)("curl", [...args, ...form]);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/ 413$/);
  }

  const form = new FormData();
  form.append("workflow", "steps: []");
  form.append("files", new Blob([Buffer.alloc(times * limit)]), "rows.csv");
  const answer = await fetch(workflows, { method: "POST", body: form });
  expect([answer.status, await answer.json()]).toMatchObject([413, { error: "too_large", message }]);

  const refused = new Client(url).submit({ yaml: "steps: []" }, { files: new Map([["rows.csv", file]]) });
  await expect(refused).rejects.toMatchObject({ code: "too_large", message });
  expect(submissions).toEqual([]);
});

test("so it is with a body of JSON that is far too large", async () => {
  const { url } = await startApiServer({ config: "server: {max_body: 100kB}" });
  const answer = await fetch(`${url}/api/v1/workflows`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: " ".repeat(20_000_000),
  });
  expect([answer.status, await answer.json()]).toMatchObject([413, { error: "too_large" }]);
});

/** A server that refuses without reading; a client that is told so and goes on writing: what it heard until it was cut off. */
async function overrun(limits: DrainLimits, chunk: Buffer): Promise<string> {
  const server = fastify();
  drainBodies(server, createSystemClock(systemTime), limits);
  server.addHook("onRequest", (_request, reply) => reply.status(403).send({ error: "no" }));
  await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let heard = "";
  socket.on("data", (text: Buffer) => (heard += String(text)));
  socket.on("error", () => undefined);
  const write = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", write);
  socket.write("POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000000000\r\n\r\n");
  if (chunk.length > 0) write();
  await new Promise((resolve) => socket.once("close", resolve));
  return heard;
}

test.each<[string, DrainLimits, Buffer]>([
  ["after so many bytes", { bytes: 1_000_000, ms: 3_600_000 }, Buffer.alloc(64 * 1024)],
  ["after so long", { bytes: 1e15, ms: 50 }, Buffer.alloc(0)],
])("who goes on writing is cut off %s", async (_when, limits, chunk) => {
  expect(await overrun(limits, chunk)).toMatch(/^HTTP\/1\.1 403 .*\{"error":"no"\}$/s);
});

test("a connection whose body came whole meanwhile is kept", async () => {
  // Time stands: what comes late is not cut off.
  const { port } = await startApiServer({ clock: createTurnedClock() });
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  let heard = "";
  socket.on("data", (text: Buffer) => (heard += String(text)));
  const ask = async (body: string, count: number): Promise<void> => {
    const head = ["POST /api/v1/workflows HTTP/1.1", "Host: 127.0.0.1", "Origin: https://evil.example"];
    socket.write(`${head.join("\r\n")}\r\nContent-Length: 10\r\n\r\n`);
    await expect.poll(() => heard.match(/HTTP\/1\.1 403 /g)?.length).toBe(count);
    socket.write(body);
  };
  await ask("0123456789", 1);
  await ask("0123456789", 2);
  expect(socket.destroyed).toBe(false);
});
