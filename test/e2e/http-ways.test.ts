import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { certificates } from "../support/certificates.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startProxy } from "../support/connect-proxy.ts";
import { listening } from "../support/transport.ts";
import { createFolder } from "../support/workflows.ts";

// The ways a request may take, through the command line, a master and a slave.

interface Seen {
  readonly version: string;
  readonly authority: string;
  /** The client's name in its certificate; empty: it showed none. */
  readonly client: string;
}

/** A server of HTTP/2 and 1.1 that asks for a client's certificate; those of the test authority alone are accepted. */
async function startGuardedServer(): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createSecureServer({
    cert: readFileSync(certificates.server.cert),
    key: readFileSync(certificates.server.key),
    ca: readFileSync(certificates.authority),
    requestCert: true,
    rejectUnauthorized: true,
    allowHTTP1: true,
  });
  server.on("request", (request, response) => {
    const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
    const client = String(socket.getPeerCertificate().subject?.CN ?? "");
    seen.push({ version: request.httpVersion, authority: request.authority ?? request.headers.host ?? "", client });
    response.end("in");
  });
  return { port: await listening(server), seen };
}

/** Writes a workflow of six GETs of `/`, three of each VU, beside the certificates it names, and submits it. */
async function submit(cluster: Cluster, http: object, args: readonly string[] = []): Promise<Report> {
  const folder = createFolder();
  copyFileSync(certificates.authority, join(folder, "authority.pem"));
  copyFileSync(certificates.slave.cert, join(folder, "client.pem"));
  copyFileSync(certificates.slave.key, join(folder, "client.key"));
  const file = join(folder, "load.json");
  const steps = [{ id: "get", type: "http", config: { url: "/" } }];
  writeFileSync(file, JSON.stringify({ options: { mode: "per-vu-iterations", vus: 2, iterations: 3, http }, steps }));
  const command = ["submit", file, "--master", cluster.url, "--json", ...args];
  const { stdout } = await startCommand(command, { deadlineMs: 170_000 }).finished;
  return JSON.parse(stdout) as Report;
}

const mutual = { ca: "authority.pem", cert: "client.pem", key: "client.key", server_name: "localhost" };

test("HTTP/2 with a client's certificate that travels, to a name of `hosts`, through a proxy", {
  timeout: 180_000,
}, async () => {
  const { port, seen } = await startGuardedServer();
  const proxy = await startProxy();
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const direct = { base_url: `https://shop.example.test:${port}`, hosts: { "*.example.test": "127.0.0.1" } };

  const second = await submit(cluster, { ...direct, http_version: "auto", tls: mutual });
  expect([second.passed, second.errors]).toEqual([true, []]);
  const one = { authority: `shop.example.test:${port}`, client: "slave-1" };
  expect(seen.splice(0)).toEqual(Array.from({ length: 6 }, () => ({ ...one, version: "2.0" })));

  const proxied = {
    base_url: `https://127.0.0.1:${port}`,
    proxy: `http://load:\${secret.WORD}@127.0.0.1:${proxy.port}`,
    tls: mutual,
  };
  const through = await submit(cluster, proxied, ["--secret", "WORD=geheim"]);
  expect([through.passed, through.errors]).toEqual([true, []]);
  expect(seen.splice(0)).toEqual(
    Array.from({ length: 6 }, () => ({ authority: `127.0.0.1:${port}`, client: "slave-1", version: "1.1" })),
  );
  const credentials = `Basic ${Buffer.from("load:geheim").toString("base64")}`;
  // One tunnel for each VU.
  const tunnel = [`CONNECT 127.0.0.1:${port}`, credentials];
  expect(proxy.asked).toEqual([tunnel, tunnel]);

  const { cert: _cert, key: _key, ...nameless } = mutual;
  const refused = await submit(cluster, { ...direct, http_version: "auto", tls: nameless });
  expect(refused.errors.map(({ code }) => code)).toEqual(["1300"]);
  expect(refused.metrics["http_req_failed"]?.values["rate"]).toBe(1);
  expect(seen).toEqual([]);
});

test("connections come from the slave's own addresses, else from the workflow's", { timeout: 180_000 }, async () => {
  const from: string[] = [];
  const server = createServer((request, response) => {
    from.push(request.socket.remoteAddress ?? "");
    response.end();
  });
  const port = await listening(server);
  const http = { base_url: `http://127.0.0.1:${port}`, ip: ["127.0.0.31", "127.0.0.32"] };
  const cluster = await startCluster();
  await cluster.addSlave("a");
  expect((await submit(cluster, http)).errors).toEqual([]);
  expect([from.length, new Set(from.splice(0))]).toEqual([6, new Set(http.ip)]);

  const own = await startCluster();
  await own.addSlave("b", { env: { WE_SLAVE_LOCAL_IPS: "127.0.0.40/31" } });
  expect((await submit(own, http)).errors).toEqual([]);
  expect([from.length, new Set(from)]).toEqual([6, new Set(["127.0.0.40", "127.0.0.41"])]);
});

const pageFiles: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": [
    "text/html",
    '<link rel="stylesheet" href="/a.css"><script src="b.js"></script><img src="c.png"><img src="/c.png"><img src="gone.png">',
  ],
  "/a.css": ["text/css", "body { background: url(d.png) }"],
  "/b.js": ["text/javascript", "1"],
  "/c.png": ["image/png", "c"],
  "/d.png": ["image/png", "d"],
};

test("a page with its resources on two slaves: the report counts what the target was asked for", {
  timeout: 90_000,
}, async () => {
  const asked = new Map<string, number>();
  const slaves = new Set<string>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    slaves.add(String(request.headers["x-slave"]));
    const [type, text] = pageFiles[path] ?? ["text/plain", "gone"];
    response.writeHead(path in pageFiles ? 200 : 404, { "content-type": type }).end(text);
  });
  const port = await listening(server);
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const counted = ["page", "style", "script", "image"].map((resource) => `http_reqs{resource:${resource}}`);
  const id = await cluster.submit({
    options: {
      mode: "per-vu-iterations",
      vus: 4,
      iterations: 10,
      http: { base_url: `http://127.0.0.1:${port}`, resources: true, headers: { "x-slave": "${slave.id}" } },
      thresholds: [...counted, "page_duration"].map((metric) => ({ metric, condition: "count > 0" })),
    },
    steps: [{ id: "home", type: "http", config: { url: "/" } }],
  });
  const report = await cluster.finish(id, 60_000);

  expect(Object.fromEntries(asked)).toEqual({
    "/": 40,
    "/a.css": 40,
    "/b.js": 40,
    "/c.png": 40,
    "/d.png": 40,
    "/gone.png": 40,
  });
  expect([...slaves].sort()).toEqual(["a", "b"]);
  expect(report.slaves.map(({ id: slave, iterations }) => [slave, iterations]).sort()).toEqual([
    ["a", 20],
    ["b", 20],
  ]);
  expect(report.thresholds.map(({ metric, value }) => [metric, value])).toEqual([
    ["http_reqs{resource:page}", 40],
    ["http_reqs{resource:style}", 40],
    ["http_reqs{resource:script}", 40],
    ["http_reqs{resource:image}", 120],
    ["page_duration", 40],
  ]);
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(240);
  // One of the images is gone: that fails a request, not the step.
  expect(report.metrics["http_req_failed"]?.values).toMatchObject({ passes: 40, fails: 200 });
  expect(report.errors.map(({ code, step_id: step, count }) => [code, step, count])).toEqual([
    ["http_404", "home", 40],
  ]);
  expect(report).toMatchObject({ status: "completed", passed: true });
});
