import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type LinkMaster, startLinkMaster } from "../../test/support/link-master.ts";
import { waitUntil } from "../../test/support/cluster.ts";
import { repository } from "../../test/support/command.ts";
import { startTcpProxy } from "../../test/support/tcp-proxy.ts";
import { type Hello, linkVersion, type ToSlave, type Welcome } from "../protocol/link.ts";
import { findSteadyPort } from "../../test/support/steady-port.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { type Dialler, type DialSecurity, startDialling } from "./dial.ts";
import { readMasterUrls } from "./master-url.ts";

const hello: Hello = {
  type: "hello",
  version: linkVersion,
  engine: "0.1.0",
  instance: "i-1",
  slave: { id: "s1", type: "worker", address: ":9091", capabilities: [], labels: {}, max_vus: 10 },
  drained: false,
};

interface Dialled {
  readonly dialler: Dialler;
  readonly log: string[];
  readonly ups: Welcome[];
  readonly downs: { count: number };
  readonly messages: ToSlave[];
}

function dial(masters: string, security: Partial<DialSecurity> = {}): Dialled {
  const log: string[] = [];
  const ups: Welcome[] = [];
  const downs = { count: 0 };
  const messages: ToSlave[] = [];
  const dialler = startDialling({
    masters: readMasterUrls(masters),
    hello,
    security: () => ({ apiKey: null, ca: null, cert: null, key: null, ...security }),
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: (level, message) => log.push(`${level}: ${message}`),
    onUp: (welcome) => ups.push(welcome),
    onDown: () => downs.count++,
    onMessage: (message) => messages.push(message),
  });
  onTestFinished(() => dialler.close());
  return { dialler, log, ups, downs, messages };
}

async function until(holds: () => boolean, dialled: Dialled, deadlineMs = 30_000): Promise<void> {
  await waitUntil(
    () => Promise.resolve(holds()),
    deadlineMs,
    () => `${holds.toString()}\n${dialled.log.join("\n")}`,
  );
}

/** Says something every 100 ms, as a slave with its status does. */
function keepTalking(master: LinkMaster, { dialler }: Dialled): void {
  const status = { cpu: 0, memory: 0, event_loop_lag_ms: 0, active_vus: 0, draining: false };
  const timer = setInterval(() => dialler.send({ type: "status", status }), 100);
  onTestFinished(() => clearInterval(timer));
  expect(master.port).toBeGreaterThan(0);
}

test("messages pass in both directions once the master has said welcome", async () => {
  const master = await startLinkMaster();
  const dialled = dial(`127.0.0.1:${master.port}`);
  await until(() => dialled.dialler.up, dialled);
  expect(dialled.dialler.master).toBe(master.url);
  expect(master.hellos).toEqual([{ ...hello, slave: { ...hello.slave, address: "127.0.0.1:9091" } }]);
  dialled.dialler.send({ type: "fact", execution: "e", incarnation: 1, fact: { type: "prepared" } });
  await until(() => master.received.length === 1, dialled);
  master.send({ type: "drain", draining: true });
  await until(() => dialled.messages.length === 1, dialled);
  expect(dialled.messages).toEqual([{ type: "drain", draining: true }]);
});

test("masters are tried in turn; each reason is told once", async () => {
  const master = await startLinkMaster();
  const dialled = dial(`127.0.0.1:1,127.0.0.1:1,127.0.0.1:1,${master.url}`);
  await until(() => dialled.dialler.up, dialled);
  expect(dialled.log).toEqual([
    "warn: cannot join http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; retrying",
    `info: joined ${master.url}`,
  ]);
});

test("a refused slave goes on trying and is taken when it may", async () => {
  const master = await startLinkMaster();
  master.onHello = () => ({ type: "refused", error: "slave_id_in_use", message: "s1 is another process" });
  const dialled = dial(master.url);
  await until(() => master.hellos.length >= 3, dialled);
  expect(dialled.log).toEqual([`warn: cannot join ${master.url}: slave_id_in_use: s1 is another process; retrying`]);
  master.onHello = null;
  await until(() => dialled.dialler.up, dialled);
});

test("what an HTTP server answers instead is told with its message", async () => {
  const server = createServer();
  server.on("upgrade", (_request, socket) => {
    // Who is refused may be gone before the answer is.
    socket.on("error", () => socket.destroy());
    const body = '{"error":"auth_required","message":"only this house"}';
    socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const dialled = dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  await until(() => dialled.log.length > 0, dialled);
  expect(dialled.log[0]).toContain("it answered 403: only this house; retrying");
});

test("https is dialled with TLS, and a certificate that nobody vouches for is refused", async () => {
  const [cert, key] = ["cert", "key"].map((name) =>
    readFileSync(join(repository, "test", "support", "tls", `localhost.${name}.pem`), "utf8"),
  ) as [string, string];
  const master = await startLinkMaster({ tls: { cert, key } });
  const stranger = dial(master.url);
  await until(() => stranger.log.length > 0, stranger);
  expect(stranger.log[0]).toMatch(/^warn: cannot join https:\/\/localhost:\d+: .*certificate/);
  const dialled = dial(master.url, { ca: cert });
  await until(() => dialled.dialler.up, dialled);
  expect(dialled.dialler.master).toBe(master.url);
});

test("another version is refused in words", async () => {
  const master = await startLinkMaster();
  const log: string[] = [];
  const dialler = startDialling({
    masters: readMasterUrls(master.url),
    hello: { ...hello, version: linkVersion + 1 },
    security: () => ({ apiKey: null, ca: null, cert: null, key: null }),
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: (_level, message) => log.push(message),
    onUp: () => log.push("up"),
    onDown: () => log.push("down"),
    onMessage: () => log.push("message"),
  });
  onTestFinished(() => dialler.close());
  await waitUntil(
    () => Promise.resolve(log.length > 0),
    30_000,
    () => "nothing was told",
  );
  expect(log[0]).toContain(
    `unsupported: this master speaks version ${linkVersion} of the link, the slave ${linkVersion + 1}`,
  );
});

test("a reset link is dialled again at once", async () => {
  const master = await startLinkMaster();
  const proxy = await startTcpProxy(master.port);
  onTestFinished(() => proxy.close());
  const dialled = dial(`127.0.0.1:${proxy.port}`);
  await until(() => dialled.dialler.up, dialled);
  for (let times = 1; times <= 3; times++) {
    proxy.reset();
    await until(() => dialled.ups.length === times + 1, dialled);
    expect(dialled.downs.count).toBe(times);
  }
  await until(() => master.disconnects === 3, dialled);
  expect(master.connected).toEqual(["s1"]);
});

test("a half-closed link is dialled again", async () => {
  const master = await startLinkMaster();
  const proxy = await startTcpProxy(master.port);
  onTestFinished(() => proxy.close());
  const dialled = dial(`127.0.0.1:${proxy.port}`);
  await until(() => dialled.dialler.up, dialled);
  proxy.halfClose();
  await until(() => dialled.ups.length === 2 && master.disconnects === 1, dialled);
  expect(master.connected).toEqual(["s1"]);
});

test("a link on which nothing comes any more is noticed on both ends within three intervals", async () => {
  // R is 400 ms here. Nothing else ends such a link within minutes.
  const master = await startLinkMaster({ timeoutMs: 2_000 });
  const proxy = await startTcpProxy(master.port);
  onTestFinished(() => proxy.close());
  const dialled = dial(`127.0.0.1:${proxy.port}`);
  keepTalking(master, dialled);
  // Both ends are in this process: when it is late they are, but not each time.
  const took: number[] = [];
  while (took.length < 5 && !(Math.min(...took) < 3_000)) {
    const heard = master.received.length;
    await until(() => dialled.dialler.up && master.received.length > heard + 3, dialled);
    const [downs, gone] = [dialled.downs.count, master.disconnects];
    proxy.blackHole();
    const cutAt = performance.now();
    await until(() => dialled.downs.count > downs && master.disconnects > gone, dialled);
    took.push(performance.now() - cutAt);
    expect(dialled.log).toContainEqual(
      expect.stringMatching(/^warn: lost http:\/\/127\.0\.0\.1:\d+: silent for \d+ ms; dialling again$/),
    );
    proxy.pass();
  }
  expect(Math.min(...took)).toBeLessThan(3_000);
  await until(() => dialled.dialler.up, dialled);
});

test("who stood still for longer than a link may be silent cuts none that lives, on neither end", async () => {
  // R is 400 ms here.
  const master = await startLinkMaster({ timeoutMs: 2_000 });
  const dialled = dial(master.url);
  keepTalking(master, dialled);
  await until(() => master.received.length > 3, dialled);
  // As a suspended machine does: both ends are in this process.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
  const before = master.received.length;
  await until(() => master.received.length > before + 10, dialled);
  expect([dialled.downs.count, master.disconnects, dialled.log.slice(1)]).toEqual([0, 0, []]);
});

test("a slow link is no dead one", async () => {
  // R is 4 s: what comes 6 s late is late by more than one, and the machine may be late by as much again.
  const master = await startLinkMaster({ timeoutMs: 20_000 });
  const proxy = await startTcpProxy(master.port);
  onTestFinished(() => proxy.close());
  const dialled = dial(`127.0.0.1:${proxy.port}`);
  await until(() => dialled.dialler.up, dialled);
  keepTalking(master, dialled);
  proxy.delay(6_000);
  const before = master.received.length;
  await until(() => master.received.length > before + 30, dialled);
  expect([dialled.downs.count, master.disconnects]).toEqual([0, 0]);
});

test("a master that comes back is joined again", async () => {
  const first = await startLinkMaster({ port: await findSteadyPort() });
  const dialled = dial(first.url);
  await until(() => dialled.dialler.up, dialled);
  await first.close();
  await until(() => dialled.downs.count === 1, dialled);
  const second = await startLinkMaster({ port: first.port });
  await until(() => second.connected.length === 1, dialled);
  expect(dialled.log.filter((line) => line.startsWith("warn: lost"))).toEqual([
    `warn: lost ${first.url}: the master is going down; dialling again`,
  ]);
});

test("close ends dialling for good", async () => {
  const dialled = dial("127.0.0.1:1");
  await until(() => dialled.log.length > 0, dialled);
  await dialled.dialler.close();
  const master = await startLinkMaster();
  const connected = dial(master.url);
  await until(() => connected.dialler.up, connected);
  await connected.dialler.close();
  await until(() => master.disconnects === 1, connected);
  expect(connected.downs.count).toBe(0);
});
