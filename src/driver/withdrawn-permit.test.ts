import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { createClient } from "@redis/client";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { startGrpcServer } from "../../test/support/grpc-server.ts";
import { startScriptedFlow } from "../../test/support/scripted-flow.ts";
import { dialects } from "../../test/support/sql-dialects.ts";
import { startTcpProxy } from "../../test/support/tcp-proxy.ts";
import { listening } from "../../test/support/transport.ts";

// A lease that ends while a step waits: what has begun may end, nothing begins.

/** A target whose first answer is held. */
interface HeldTarget {
  readonly waits: object;
  /** What would be done next. */
  readonly next: object;
  /** Does the first step wait for its answer? */
  began(): boolean | Promise<boolean>;
  release(): unknown;
  /** How often the next was done. */
  count(): number | Promise<number>;
}

const startTarget: Readonly<Record<string, () => Promise<HeldTarget>>> = {
  async websocket() {
    const messages: string[] = [];
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket) => socket.on("message", (data) => messages.push((data as Buffer).toString())));
    const url = `ws://127.0.0.1:${await listening(server)}/`;
    return {
      waits: { type: "websocket", config: { url, data: "first", count: 1 } },
      next: { type: "websocket", config: { url, data: "next" } },
      began: () => messages.includes("first"),
      release: () => sockets.clients.forEach((socket) => socket.send("answer")),
      count: () => messages.filter((message) => message === "next").length,
    };
  },
  async sse() {
    const asked: (string | undefined)[] = [];
    let release = () => {};
    const server = createServer(({ url }, answer) => {
      asked.push(url);
      answer.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      release = () => answer.write("data: answer\n\n");
    });
    const at = `http://127.0.0.1:${await listening(server)}`;
    return {
      waits: { type: "sse", config: { url: `${at}/first` } },
      next: { type: "sse", config: { url: `${at}/next`, action: "connect" } },
      began: () => asked.includes("/first"),
      release: () => release(),
      count: () => asked.filter((url) => url === "/next").length,
    };
  },
  async socket() {
    let received = "";
    let release = () => {};
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => (received += bytes.toString()));
      release = () => socket.write("answer\n");
    });
    const at = { host: "127.0.0.1", port: await listening(server) };
    return {
      waits: { type: "socket", config: { ...at, data: "first", delimiter: "\n" } },
      next: { type: "socket", config: { ...at, data: "next" } },
      began: () => received.includes("first"),
      release: () => release(),
      count: () => received.split("next").length - 1,
    };
  },
  async grpc() {
    const { port, metadata, release } = await startGrpcServer({ reflection: "v1" });
    const config = { address: `127.0.0.1:${port}`, method: "shop.v1.Shop/List", reflection: true };
    return {
      waits: { type: "grpc", config: { ...config, message: { name: "held", count: 1 } } },
      next: { type: "grpc", config: { ...config, message: { name: "next", count: 1 } } },
      began: () => metadata.length > 0,
      release,
      count: () => metadata.length - 1,
    };
  },
  async mq() {
    const [stream, other] = [createName(), createName()];
    const client = await connectRedis([stream, other]);
    const proxy = await startRedisProxy();
    const at = { type: "redis", url: `redis://127.0.0.1:${proxy.port}` };
    return {
      waits: { type: "mq", config: { ...at, topic: stream, action: "consume", group_id: "g", timeout: "30s" } },
      next: { type: "mq", config: { ...at, topic: other, message: "next" } },
      began: () => proxy.heard("XREADGROUP"),
      release: () => client.xAdd(stream, "*", { body: "answer" }),
      count: () => client.xLen(other),
    };
  },
  async redis() {
    const [list, other] = [createName(), createName()];
    const client = await connectRedis([list, other]);
    const proxy = await startRedisProxy();
    const dsn = `redis://127.0.0.1:${proxy.port}`;
    return {
      waits: { type: "db", config: { dsn, command: ["BLPOP", list, 30], timeout: "30s" } },
      next: { type: "db", config: { dsn, command: ["INCR", other] } },
      began: () => proxy.heard("BLPOP"),
      release: () => client.rPush(list, "answer"),
      count: async () => Number((await client.get(other)) ?? 0),
    };
  },
  async postgres() {
    const dialect = dialects.find(({ driver }) => driver === "postgres");
    const dsn = dialect?.dsn(dialect.service?.port ?? 0) ?? "";
    const client = new pg.Client({ connectionString: dsn });
    await client.connect();
    onTestFinished(() => client.end());
    const [lock, next] = [randomBytes(3).readUIntBE(0, 3), `${randomBytes(3).readUIntBE(0, 3)}`];
    await client.query(`SELECT pg_advisory_lock(${lock})`);
    const locks = async (condition: string) =>
      (await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND ${condition}`)).rowCount ?? 0;
    return {
      waits: { type: "db", config: { dsn, query: `SELECT pg_advisory_xact_lock(${lock})`, timeout: "30s" } },
      next: { type: "db", config: { dsn, query: `SELECT pg_advisory_lock(${next})` } },
      began: async () => (await locks(`objid = ${lock} AND NOT granted`)) === 1,
      release: () => client.query(`SELECT pg_advisory_unlock(${lock})`),
      count: () => locks(`objid = ${next}`),
    };
  },
};

/** Tells what this test sends from what others do. */
async function startRedisProxy() {
  const proxy = await startTcpProxy(6379);
  onTestFinished(() => proxy.close());
  return proxy;
}

const createName = () => `we-${randomBytes(6).toString("hex")}`;

async function connectRedis(keys: string[]) {
  const client = createClient({ url: "redis://127.0.0.1:6379" });
  await client.connect();
  onTestFinished(async () => {
    await client.del(keys);
    await client.close();
  });
  return client;
}

describe.each(Object.keys(startTarget))("%s", (type) => {
  async function start() {
    const target = await startTarget[type]?.();
    if (target === undefined) throw new Error(`no target for ${type}`);
    let granted = true;
    const permit = { maySend: () => granted, refuses: () => null };
    const steps = [
      { id: "waits", ...target.waits },
      { id: "next", ...target.next },
    ];
    const flow = await startScriptedFlow(JSON.stringify({ steps }), {}, permit);
    const ending = flow.iterate();
    await expect.poll(target.began).toBe(true);
    granted = false;
    return { target, flow, ending };
  }

  test("a permit that is withdrawn while a step waits: the step ends as it would, the next does not begin", async () => {
    const { target, flow, ending } = await start();
    await target.release();
    expect(await ending).toBe("interrupted");
    const { errors, values } = flow.cut();
    expect([errors, values["step_failed"]]).toEqual([{}, "0/1"]);
    expect(await target.count()).toBe(0);
  });

  test("its VU is cut short: the step ends although nothing comes", async () => {
    const { target, flow, ending } = await start();
    flow.stop.abort();
    expect(await ending).toBe("interrupted");
    expect(flow.cut().errors).toEqual({});
    expect(await target.count()).toBe(0);
    await flow.compiled.close();
    await target.release();
  });
});
