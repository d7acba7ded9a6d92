import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { findSteadyPort } from "../../../test/support/steady-port.ts";
import { callStep, countOf, listErrors, performSteps } from "../../../test/support/grpc-run.ts";
import { type GrpcServer, protoFolder, startGrpcServer } from "../../../test/support/grpc-server.ts";
import { startTcpProxy } from "../../../test/support/tcp-proxy.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";

const pem = (file: string) => readFileSync(file, "utf8");

test("tls verifies the server, and shows the client's certificate", async () => {
  const server = await startGrpcServer({
    tls: { ...certificates.server, clients: certificates.authority },
  });
  const at = { address: `grpcs://localhost:${server.port}` };
  const ca = pem(certificates.authority);
  const own = { cert: pem(certificates.slave.cert), key: pem(certificates.slave.key) };
  const report = await performSteps([
    callStep(server, "Get", { ...at, tls: { ca, ...own } }, { id: "known" }),
    callStep(server, "Get", { ...at, tls: { verify: false, ...own } }, { id: "unverified" }),
    callStep(server, "Get", { ...at, tls: { ca, server_name: "elsewhere.test", ...own } }, { id: "other" }),
    callStep(server, "Get", { ...at, tls: own }, { id: "untrusted" }),
    callStep(server, "Get", { ...at, tls: { ca } }, { id: "nobody" }),
  ]);
  expect(report.metrics["grpc_req_failed"]?.values).toMatchObject({ passes: 3, fails: 2 });
  expect(listErrors(report).toSorted()).toEqual([
    expect.stringMatching(
      /^grpc_unavailable: UNAVAILABLE: not connected: Hostname.IP does not match .*elsewhere\.test/,
    ),
    "grpc_unavailable: UNAVAILABLE: not connected: self-signed certificate in certificate chain",
    "grpc_unavailable: UNAVAILABLE: not connected: tlsv13 alert certificate required",
  ]);
});

/** Takes the port until somebody has dialled there in vain. */
async function hearDial(port: number): Promise<void> {
  const nobody = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
  await once(nobody, "connection");
  nobody.close();
  await once(nobody, "close");
}

async function restart(server: GrpcServer, end: () => unknown): Promise<GrpcServer> {
  await end();
  return startGrpcServer({ port: server.port });
}

test.each(["vu", "shared"] as const)(
  "a server that is killed and comes back: errors counted, the run goes on at once (%s)",
  async (connections) => {
    const server = await startGrpcServer({ port: await findSteadyPort() });
    const load = startWatchedLoad(callStep(server, "Get", { connections }), 2, {}, protoFolder);
    await load.passMore(10);
    server.kill();
    await hearDial(server.port);
    const second = await restart(server, () => undefined);
    await load.recover(5);
    const report = await load.stop();
    expect(second.metadata.length).toBeGreaterThanOrEqual(10);
    expect(report.errors.length).toBeGreaterThan(0);
    // A server that is killed may still say that it ends the calls in flight.
    const codes = new Set(report.errors.map(({ code }) => code));
    codes.delete("grpc_cancelled");
    expect(codes).toEqual(new Set(["grpc_unavailable"]));
    const { passes, fails } = report.metrics["grpc_req_failed"]?.values ?? {};
    expect(Number(passes) + Number(fails)).toBe(countOf(report, "grpc_reqs"));
  },
);

test("GOAWAY: calls in flight end, the next dial anew", async () => {
  const server = await startGrpcServer({ port: await findSteadyPort() });
  const load = startWatchedLoad(callStep(server, "Get", { message: { delay_ms: 20 } }), 3, {}, protoFolder);
  await load.passMore(5);
  const second = await restart(server, () => server.drain());
  // What passes at first may still come from the first server.
  await expect.poll(() => second.metadata.length).toBeGreaterThanOrEqual(5);
  const report = await load.stop();
  expect([...new Set(report.errors.map(({ code }) => code))].filter((code) => code !== "grpc_unavailable")).toEqual([]);
});

test("a server that is not there, an address that says nothing, a name that nobody knows", async () => {
  const server = await startGrpcServer({ port: await findSteadyPort() });
  server.kill();
  const report = await performSteps([
    callStep(server, "Get", {}, { id: "refused" }),
    callStep(server, "Get", { proto: undefined, reflection: true }, { id: "mirror" }),
    callStep(server, "Get", { address: "nobody.invalid:1" }, { id: "unknown" }),
    callStep(server, "Get", { address: "${'no address'}" }, { id: "wrong" }),
  ]);
  expect(listErrors(report).toSorted()).toEqual([
    expect.stringMatching(/^110\d: .*nobody\.invalid/),
    expect.stringMatching(/^grpc_unavailable: UNAVAILABLE: not connected: connect ECONNREFUSED/),
    expect.stringMatching(/^grpc_unavailable: reflection of `shop.v1.Shop`: not connected: connect ECONNREFUSED \S+$/),
    expect.stringMatching(/^template: .*`no address` is not host:port/),
  ]);
});

test("connections: one per VU, or one for all of a thread", async () => {
  const server = await startGrpcServer();
  const own = await performSteps([callStep(server, "Get", {})], { vus: 4, iterations: 40 });
  expect(Number(countOf(own, "grpc_connecting"))).toBeLessThanOrEqual(4);
  const shared = await performSteps([callStep(server, "Get", { connections: "shared", compression: "gzip" })], {
    vus: 4,
    iterations: 40,
  });
  expect(listErrors(shared)).toEqual([]);
  expect(countOf(shared, "grpc_reqs")).toBe(40);
});

test("what the server sees of the client: its authority and its name", async () => {
  const server = await startGrpcServer();
  const usual = callStep(server, "Get", {});
  const named = callStep(server, "Get", { authority: "shop.internal:443", user_agent: "load/1" });
  expect(listErrors(await performSteps([usual, named]))).toEqual([]);
  expect(server.hosts).toEqual([`127.0.0.1:${server.port}`, "shop.internal:443"]);
  expect(server.metadata.map((each) => String(each.get("user-agent")[0]).startsWith("load/1 "))).toEqual([false, true]);
});

test.each(["identity", "gzip", "deflate"])("compression %s: so it goes over the wire", async (compression) => {
  const server = await startGrpcServer();
  const proxy = await startTcpProxy(server.port);
  onTestFinished(() => proxy.close());
  const name = "ABAB".repeat(500);
  const echo = callStep(
    proxy,
    "Echo",
    { message: { name }, compression },
    { assert: [{ type: "json", path: "$.name", value: name }] },
  );
  const report = await performSteps([echo]);
  expect(listErrors(report)).toEqual([]);
  expect(proxy.heard("ABAB".repeat(10))).toBe(compression === "identity");
});

test("a stop cancels calls and streams at the server", async () => {
  const server = await startGrpcServer();
  const stop = new AbortController();
  const waiting = callStep(server, "Get", { message: { delay_ms: 60_000 }, timeout: "60s" });
  const running = performSteps([waiting], { vus: 3, duration: "60s", graceful_stop: "0s" }, stop.signal);
  await expect.poll(() => server.metadata.length).toBe(3);
  stop.abort();
  const report = await running;
  expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(3);
  expect(listErrors(report)).toEqual([]);
  await expect.poll(() => server.cancelled()).toBe(3);
});
