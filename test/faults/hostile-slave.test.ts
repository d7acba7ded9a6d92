import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Frame } from "../../src/protocol/frame.ts";
import { linkPath, linkSubprotocol, linkVersion, type ToMaster, type ToSlave } from "../../src/protocol/link.ts";
import { decodeToSlave, encodeToMaster } from "../../src/protocol/link-codec.ts";
import type { Fact } from "../../src/protocol/message.ts";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";

/** A slave whose every word a test chooses. */
interface ScriptedSlave {
  readonly said: readonly ToSlave[];
  readonly ended: Promise<string>;
  say(message: ToMaster): void;
  sayText(text: string): void;
}

async function joinScripted(cluster: Cluster, id: string, version: number = linkVersion): Promise<ScriptedSlave> {
  const socket = new WebSocket(cluster.url.replace("http", "ws") + linkPath, linkSubprotocol);
  onTestFinished(() => socket.terminate());
  const said: ToSlave[] = [];
  socket.on("message", (data) => {
    const decoded = decodeToSlave(String(data));
    if ("refusal" in decoded) throw new Error(decoded.refusal);
    said.push(decoded.message);
  });
  const ended = new Promise<string>((resolve) => {
    socket.once("close", (code, reason) => resolve(`${code} ${String(reason)}`));
  });
  await once(socket, "open");
  const slave = {
    id,
    type: "worker",
    address: "127.0.0.1:1",
    capabilities: ["http_executor"],
    labels: {},
    max_vus: 5,
  } as const;
  const say = (message: ToMaster): void => socket.send(encodeToMaster(message));
  say({ type: "hello", version, engine: "0.0.9", instance: `${id}-process`, slave, drained: false });
  await waitUntil(
    () => Promise.resolve(said.length > 0),
    30_000,
    () => `${id} was not answered`,
  );
  return { said, ended, say, sayText: (text) => socket.send(text) };
}

function makeFrame(number: number, requests: number): Frame {
  return {
    number,
    second: number,
    testTimeMs: number * 1_000,
    warmUp: false,
    series: [{ key: { metric: "http_reqs", type: "counter", tags: {} }, type: "counter", sum: requests }],
    errors: [],
    vus: [],
    overflow: {},
    generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
  };
}

test("strangers with garbage, old versions and others' executions disturb no run", { timeout: 180_000 }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("good", { maxVus: 10 });
  const id = await cluster.submit({
    options: { vus: 10, duration: "10m", think_time: "50ms", target_slaves: { mode: "manual", slave_ids: ["good"] } },
    steps: [{ id: "get", type: "http", config: { url: target.url } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 10);

  const old = await joinScripted(cluster, "old", 0);
  expect(old.said[0]).toMatchObject({ type: "refused", error: "unsupported" });
  const twin = await joinScripted(cluster, "good");
  expect(twin.said[0]).toMatchObject({ type: "refused", error: "slave_id_in_use" });
  for (const text of ["garbage", "[".repeat(10_000), '{"type":"fact","execution":"x","incarnation":1e400}']) {
    const evil = await joinScripted(cluster, "evil");
    expect(evil.said[0]).toMatchObject({ type: "welcome" });
    evil.sayText(text);
    expect(await evil.ended).toMatch(/^1008 its message: /);
  }
  const liar = await joinScripted(cluster, "liar");
  for (const execution of [id, "unknown", "__proto__"]) {
    for (const incarnation of [1, 2]) {
      const facts: readonly Fact[] = [
        { type: "frame", frame: makeFrame(1, 1_000_000) },
        { type: "heartbeat", sequence: 1, lastFrame: 1, suspended: false, seen: [Date.now(), 1e9] },
        { type: "done", lastFrame: 1 },
        { type: "fault", message: "all is lost" },
        { type: "released", epoch: 9, serials: [9], unstarted: [[[0, 9]]], begun: [[[1, 9]]] },
        { type: "claim", scenario: "default", serial: 1, through: [[1, 9]] },
        { type: "closed", lastFrame: 0 },
      ];
      for (const fact of facts) liar.say({ type: "fact", execution, incarnation, fact });
    }
  }
  // The load has gone on through all of it.
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 200);
  await cluster.call("DELETE", `/executions/${id}`);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "aborted", degraded: false, late: { frames: 0 } });
  expect(report.events.map(({ type }) => type)).toEqual(["started", "stopped"]);
  expect(report.slaves.map((slave) => slave.id)).toEqual(["good"]);
});

test("a replayed frame is counted once, one that skips is asked for again", { timeout: 180_000 }, async () => {
  const cluster = await startCluster();
  const slave = await joinScripted(cluster, "script");
  const id = await cluster.submit({
    options: { vus: 5, duration: "2s" },
    steps: [{ id: "get", type: "http", config: { url: "http://127.0.0.1:1/" } }],
  });
  const tell = (fact: Fact): void => slave.say({ type: "fact", execution: id, incarnation: 1, fact });
  let sequence = 0;
  let lastFrame: number | null = null;
  const beat = setInterval(
    () => tell({ type: "heartbeat", sequence: ++sequence, lastFrame, suspended: false, seen: [0, 0] }),
    200,
  );
  onTestFinished(() => clearInterval(beat));
  const ordered = (type: string): boolean =>
    slave.said.some((message) => message.type === "order" && message.order.type === type);
  const seen = (type: string): Promise<void> =>
    waitUntil(
      () => Promise.resolve(ordered(type)),
      30_000,
      () => `no ${type}: ${slave.said.map((each) => (each.type === "order" ? each.order.type : each.type)).join()}`,
    );
  await seen("prepare");
  tell({ type: "prepared" });
  await seen("start");
  tell({ type: "started", atWallMs: Date.now() });
  for (const number of [1, 1, 2, 1, 2]) tell({ type: "frame", frame: makeFrame(number, 10) });
  tell({ type: "frame", frame: makeFrame(4, 1_000) });
  await seen("resend");
  tell({ type: "frame", frame: makeFrame(3, 10) });
  tell({ type: "frame", frame: makeFrame(3, 10) });
  lastFrame = 3;
  tell({ type: "done", lastFrame: 3 });
  await seen("close");
  tell({ type: "closed", lastFrame: 0 });
  const report = await cluster.finish(id);
  expect(countRequests(report)).toBe(30);
  expect(slave.said).toContainEqual(expect.objectContaining({ type: "order", order: { type: "resend", after: 2 } }));
});
