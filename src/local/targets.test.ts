import { expect, onTestFinished, test } from "vitest";
import { startHttpTarget } from "../../test/support/http-steps.ts";
import { loadWorkflowObject } from "../definition/load-workflow.ts";
import type { TargetLists } from "../protocol/ports.ts";
import type { Report } from "../protocol/report.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { startLocal } from "./run-local.ts";

const mqTypes: Readonly<Record<string, string>> = {
  "amqp:": "rabbitmq",
  "kafka:": "kafka",
  "nats:": "nats",
  "mqtt:": "mqtt",
  "redis:": "redis",
};

/** The step of the type that speaks what the URL says; `mq:` before it makes it a broker. */
function makeStep(url: string): object {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replaceAll(/[[\]]/g, "");
  switch (protocol) {
    case "http:":
      return { type: "http", config: { url } };
    case "mq:":
      return {
        type: "mq",
        config: { type: mqTypes[new URL(url.slice(3)).protocol], url: url.slice(3), topic: "x", message: "x" },
      };
    case "tcp:":
    case "udp:":
    case "tls:":
      return { type: "socket", config: { protocol: protocol.slice(0, -1), host, port, data: "x" } };
    case "redis:":
      return { type: "db", config: { dsn: url, command: ["PING"] } };
    default:
      return { type: "db", config: { dsn: url, query: "SELECT 1" } };
  }
}

/** What a load on a target under each of these names comes to; `/away` redirects to `private.test`. */
async function run(targets: TargetLists, threads: number, urls: readonly string[]) {
  const target = await startHttpTarget((request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: `http://private.test:${port}/` });
    response.end("ok");
  });
  onTestFinished(() => target.close());
  const { port } = new URL(target.url);
  const loaded = loadWorkflowObject(
    {
      options: {
        vus: threads,
        iterations: 1,
        on_error: "continue",
        mode: "per-vu-iterations",
        http: { hosts: { "open.test": "127.0.0.1", "private.test": "127.0.0.2" } },
      },
      steps: urls.map((url, at) => ({ id: `s${at}`, ...makeStep(url.replace("PORT", port)) })),
    },
    { env: {} },
  );
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const execution = startLocal({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    files: new Map(),
    threads,
    cores: 2,
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: () => {},
    targets,
    connections: {},
    mask: (text) => text,
    executionId: "x",
    engineVersion: "0",
  });
  const report = await execution.finished;
  return { report, seen: target.seen.length };
}

const errorsOf = ({ errors }: Report) =>
  errors.map(({ code, step_id, count }) => `${step_id} ${code} x${count}`).toSorted();

test.each([1, 2])(
  "target lists hold on %i thread(s): names, addresses after the look-up, redirects",
  async (threads) => {
    const urls = [
      "http://open.test:PORT/",
      "http://open.test:PORT/away",
      "http://private.test:PORT/",
      "http://no.test/",
    ];
    const { report, seen } = await run({ allow: [], deny: ["127.0.0.2/32", "no.test"] }, threads, urls);
    expect(errorsOf(report)).toEqual([`s1 1110 x${threads}`, `s2 1110 x${threads}`, `s3 1111 x${threads}`]);
    expect(report.errors.find(({ code }) => code === "1110")?.message).toMatch(
      /127\.0\.0\.2:\d+\) may not be dialled: slave\.targets\.deny has its address/,
    );
    expect(seen).toBe(2 * threads);
  },
);

test("every driver is held to the lists as well, by the address that is dialled, however it is written", async () => {
  const urls = [
    "mysql://root@localhost:PORT/x",
    "postgres://root@2130706433:PORT/x",
    "redis://127.1:PORT",
    "mq:amqp://localhost:PORT",
    "mq:kafka://localhost:PORT",
    "mq:nats://127.0.0.1:PORT",
    "mq:mqtt://localhost:PORT",
    "mq:redis://localhost:PORT",
    "tcp://localhost:PORT",
    "udp://127.0.0.1:PORT",
    "tls://[::ffff:127.0.0.1]:PORT",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://0.0.0.0:PORT/",
  ];
  const { report, seen } = await run({ allow: [], deny: ["127.0.0.0/8", "::1"] }, 1, urls);
  expect(errorsOf(report)).toEqual(urls.map((_url, at) => `s${at} 1110 x1`).toSorted());
  expect(seen).toBe(0);
});

test("nothing reaches a target that is not allowed", async () => {
  const { report, seen } = await run({ allow: ["192.0.2.0/24"], deny: [] }, 1, ["http://open.test:PORT/"]);
  expect([report.status, report.reason, seen]).toEqual(["failed", "nothing_succeeded", 0]);
  expect(errorsOf(report)).toEqual(["s0 1110 x1"]);
});
