import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { waitUntil } from "../../test/support/cluster.ts";
import { type LinkMaster, type LinkMasterOptions, startLinkMaster } from "../../test/support/link-master.ts";
import { linkLimits, linkPath, linkSubprotocol, linkVersion } from "../protocol/link.ts";
import { encodeToMaster } from "../protocol/link-codec.ts";

/** A master for whom time stands until the test turns it: it gives nobody up who is late. */
const startMaster = (options: LinkMasterOptions = {}) => startLinkMaster({ clock: createTurnedClock(), ...options });

/** A peer that says whatever a test likes. */
async function join(master: LinkMaster): Promise<{ socket: WebSocket; said: string[]; ended: Promise<string> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${master.port}${linkPath}`, linkSubprotocol);
  const said: string[] = [];
  socket.on("message", (data) => said.push(String(data)));
  const ended = new Promise<string>((resolve) =>
    socket.once("close", (code, reason) => resolve(`${code} ${String(reason)}`)),
  );
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return { socket, said, ended };
}

function helloOf(id: string): string {
  const slave = { id, type: "worker", address: "127.0.0.1:1", capabilities: [], labels: {}, max_vus: null } as const;
  return encodeToMaster({
    type: "hello",
    version: linkVersion,
    engine: "0.1.0",
    instance: `${id}-1`,
    slave,
    drained: false,
  });
}

const done = encodeToMaster({ type: "fact", execution: "e", incarnation: 1, fact: { type: "done", lastFrame: 1 } });

test.each([
  ["garbage", "\u0000\uffff{{", "its message: is not JSON"],
  ["a message before hello", done, "it said fact before it was welcomed"],
  [
    "a hello of a gateway",
    helloOf("g").replace("worker", "gateway"),
    'its message: slave.type: takes worker, not "gateway"',
  ],
  ["a hello without limits", helloOf("g").replace("null", "1e308"), "its message: slave.max_vus: takes a whole number"],
  ["a deep text", "[".repeat(100_000), "its message: is nested deeper than 200"],
])("%s ends a link and is told", async (_name, text, reason) => {
  const master = await startMaster();
  const { socket, ended } = await join(master);
  socket.send(text);
  expect(await ended).toMatch(/^1008 /);
  expect(await ended).toContain(reason.slice(0, 100));
  expect(master.received).toEqual([]);
  await waitUntil(
    () => Promise.resolve(master.logged.some((line) => line.includes(reason))),
    30_000,
    () => master.logged.join(),
  );
});

test("a hostile slave disturbs nobody else", async () => {
  const master = await startMaster();
  const good = await join(master);
  good.socket.send(helloOf("good"));
  for (const text of ["{", '{"type":"fact"}', "x".repeat(100_000), helloOf("good")]) {
    const bad = await join(master);
    bad.socket.send(helloOf("bad"));
    await waitUntil(
      () => Promise.resolve(bad.said.length === 1),
      30_000,
      () => "no welcome",
    );
    bad.socket.send(text);
    expect(await bad.ended).toMatch(/^1008 /);
  }
  good.socket.send(done);
  await waitUntil(
    () => Promise.resolve(master.received.length === 1),
    30_000,
    () => "nothing came",
  );
  expect(master.connected).toEqual(["good"]);
});

test("a message beyond the limit ends the link before it is read", async () => {
  const master = await startMaster();
  const { socket, ended } = await join(master);
  socket.send(helloOf("s"));
  socket.send("x".repeat(linkLimits.messageBytes + 1));
  expect(await ended).toMatch(/^1009/);
  await waitUntil(
    () => Promise.resolve(master.disconnects === 1),
    30_000,
    () => "it is still there",
  );
});

test("binary is refused", async () => {
  const master = await startMaster();
  const { socket, ended } = await join(master);
  socket.send(Buffer.from(done));
  expect(await ended).toContain("its message: is binary");
});

test("more messages than a slave can have to say end the link", async () => {
  const master = await startMaster();
  const { socket, said, ended } = await join(master);
  socket.send(helloOf("s"));
  await waitUntil(
    () => Promise.resolve(said.length === 1),
    30_000,
    () => "no welcome",
  );
  for (let sent = 0; sent < linkLimits.messageBurst; sent++) socket.send('{"type":"probe_answer"}');
  expect(await ended).toContain("1008 it sent more than 2000 messages a second");
  // Its hello was one of them.
  expect(master.received.length).toBe(linkLimits.messageBurst - 1);
});

test("who says nothing is sent away after 5 s", async () => {
  const clock = createTurnedClock();
  const master = await startMaster({ clock });
  const { socket, ended } = await join(master);
  await clock.turn(4_999);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  await clock.turn(1);
  expect(await ended).toBe("1008 it said no hello within 5 s");
});

test("who does not read is cut off at a bound", async () => {
  const master = await startMaster();
  const { socket, said } = await join(master);
  socket.send(helloOf("deaf"));
  await waitUntil(
    () => Promise.resolve(said.length === 1),
    30_000,
    () => "no welcome",
  );
  socket.pause();
  const shared = { text: "x".repeat(1024 * 1024) };
  const stamp = { executionId: "e", incarnation: 1, token: 1, record: 0 };
  for (let sent = 0; sent < 100; sent++) master.send({ type: "order", stamp, order: { type: "teardown", shared } });
  await waitUntil(
    () => Promise.resolve(master.disconnects === 1),
    30_000,
    () => master.logged.join(),
  );
  expect(master.logged.join()).toMatch(/closed the link of deaf: it does not read: \d+ bytes wait for it/);
});

test("another subprotocol, or too many links, are refused with a status and a message", async () => {
  const master = await startMaster({ maxLinks: 1 });
  expect(await upgrade(master, "workflow-engine.9")).toMatch(
    /^HTTP\/1\.1 400 [^]*this master speaks workflow-engine\.1, not workflow-engine\.9/,
  );
  await join(master);
  expect(await upgrade(master, linkSubprotocol)).toMatch(/^HTTP\/1\.1 503 [^]*takes 1 slaves at most/);
});

test("a broken upgrade is answered", async () => {
  const master = await startMaster();
  expect(await upgrade(master, linkSubprotocol, "Sec-WebSocket-Version: 3")).toMatch(/^HTTP\/1\.1 400 /);
});

async function upgrade(master: LinkMaster, subprotocol: string, extra = "Sec-WebSocket-Version: 13"): Promise<string> {
  const socket = connect(master.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(
    `GET ${linkPath} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra}\r\nSec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
  );
  await once(socket, "close");
  return text;
}
