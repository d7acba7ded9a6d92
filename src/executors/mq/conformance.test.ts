import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test, describe } from "vitest";
import { startTcpProxy } from "../../../test/support/tcp-proxy.ts";
import { certificates } from "../../../test/support/certificates.ts";
import { startHttpTarget } from "../../../test/support/http-steps.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";
import { testBrokers } from "../../../test/support/brokers.ts";

const perform = (steps: readonly object[], options: object = {}, more: object = {}): Promise<Report> =>
  run({ options: { iterations: 1, vus: 1, ...options }, ...more, steps });
const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"] ?? 0;
const errors = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);

describe.each(testBrokers)("$type", (broker) => {
  const { type } = broker;

  /** A destination of this test alone, gone at its end. */
  const create = async () => {
    const { port, close } = await broker.start();
    const destination = `we-${randomBytes(6).toString("hex")}`;
    onTestFinished(async () => {
      await broker.remove(port, destination);
      await close();
    });
    return { port, destination, at: { type, url: broker.url(port), topic: destination } };
  };
  /** Where a broker keeps nothing for those who are not there, one subscribes first. */
  const subscribe = (at: object) => ({ id: "subscribe", type: "mq", config: { ...at, action: "consume", count: 0 } });

  test("what is published is consumed: text, JSON, Chinese, headers and keys, in order", async () => {
    const { at } = await create();
    const report = await perform([
      subscribe(at),
      {
        id: "text",
        type: "mq",
        config: { ...at, message: "你好，世界 ${vu.id}", key: "订单-1", headers: { source: "测试 a", n: 5 } },
      },
      { id: "json", type: "mq", config: { ...at, key: "订单-1", json: { id: "${vu.id}", name: "登录" } } },
      {
        id: "consume",
        type: "mq",
        config: { ...at, action: "consume", count: 2, timeout: "50s" },
        assert: [
          { type: "json", path: "$.count", value: 2 },
          { type: "json", path: "$.messages[0].body", value: "你好，世界 1" },
          ...(broker.headers ? [{ type: "json", path: "$.messages[0].headers.source", value: "测试 a" }] : []),
          ...(broker.headers ? [{ type: "json", path: "$.messages[0].headers.n", value: "5" }] : []),
          ...(broker.headers ? [{ type: "json", path: "$.messages[0].key", value: "订单-1" }] : []),
          { type: "json", path: "$.messages[1].json.name", value: "登录" },
          { type: "json", path: "$.messages[1].json.id", value: 1 },
        ],
        extract: [{ name: "name", from: "json", path: "$.messages[1].json.name" }],
      },
      { type: "script", config: { script: "return check('extracted', vars.get('name') === '登录')" } },
    ]);
    expect(errors(report)).toEqual([]);
    expect(report.checks.every(({ fails }) => fails === 0)).toBe(true);
    expect(count(report, "mq_msgs_sent")).toBe(2);
    expect(count(report, "mq_msgs_received")).toBe(2);
    expect(count(report, "data_sent")).toBe(count(report, "data_received"));
    expect(report.metrics["mq_publish_duration"]?.values["count"]).toBe(2);
    expect(report.metrics["mq_consume_duration"]?.values["count"]).toBe(2);
    expect(report.metrics["mq_req_failed"]?.values["rate"]).toBe(0);
  });

  test("bytes stay as they are, also many of them", async () => {
    const { at } = await create();
    const small = Buffer.from([0, 255, 10, 13, 128, 0]).toString("base64");
    const big = randomBytes(broker.bigBytes).toString("base64");
    const report = await perform(
      [
        subscribe(at),
        { type: "mq", config: { ...at, key: "k", message: small, encoding: "base64" } },
        { type: "mq", config: { ...at, key: "k", message: big, encoding: "base64" } },
        {
          type: "mq",
          config: { ...at, action: "consume", count: 2, encoding: "base64", timeout: "50s" },
          assert: [
            { type: "json", path: "$.messages[0].body", value: small },
            { type: "json", path: "$.messages[1].body", value: "${big}" },
          ],
        },
      ],
      {},
      { variables: { big } },
    );
    expect(errors(report)).toEqual([]);
    expect(count(report, "data_received")).toBe(6 + broker.bigBytes);
  });

  test("a consume step takes no more than it wants; the next one has the rest", async () => {
    const { at } = await create();
    const consume = (id: string, wanted: number) => ({
      id,
      type: "mq",
      config: { ...at, action: "consume", count: wanted, timeout: "50s" },
      extract: [{ name: id, from: "json", path: "$.messages[*].body", all: true }],
    });
    const report = await perform([
      subscribe(at),
      {
        type: "loop",
        config: { count: 5, steps: [{ type: "mq", config: { ...at, key: "k", message: "m${loop.index}" } }] },
      },
      consume("first", 2),
      consume("second", 3),
      {
        type: "script",
        config: {
          script: "return check('all', vars.get('first').concat(vars.get('second')).join() === 'm0,m1,m2,m3,m4')",
        },
      },
    ]);
    expect(errors(report)).toEqual([]);
    expect(report.checks).toMatchObject([{ passes: 1, fails: 0 }]);
    expect(count(report, "mq_msgs_received")).toBe(5);
  });

  test("a consume step that runs out of time says how many came, and keeps those", async () => {
    const { at } = await create();
    const report = await perform([
      subscribe(at),
      { type: "mq", config: { ...at, message: "one" } },
      {
        id: "short",
        type: "mq",
        config: { ...at, action: "consume", count: 3, timeout: broker.slow ? "15s" : "4s" },
        on_error: "continue",
        assert: [{ type: "body", value: "one" }],
      },
      { type: "mq", config: { ...at, message: "two" } },
      {
        id: "next",
        type: "mq",
        config: { ...at, action: "consume", timeout: "50s" },
        assert: [{ type: "body", value: "two" }],
      },
    ]);
    expect(errors(report)).toEqual(["timeout: 1 of 3 messages came in time; raise the timeout, or see who publishes"]);
    expect(count(report, "mq_msgs_received")).toBe(2);
    expect(report.checks.map(({ passes }) => passes)).toEqual([1, 1]);
  });

  test("tracked messages tell how long they travelled", async () => {
    const { at } = await create();
    const report = await perform([
      subscribe(at),
      { type: "mq", config: { ...at, message: "x", track: true } },
      { type: "mq", config: { ...at, action: "consume", track: true, timeout: "50s" } },
    ]);
    expect(errors(report)).toEqual([]);
    const latency = report.metrics["mq_e2e_latency"]?.values;
    expect(latency?.["count"]).toBe(broker.headers ? 1 : 0);
    // From the publishing to the consumption of an iteration; the clocks of the two are a few milliseconds apart at most.
    const whole = Number(report.metrics["iteration_duration"]?.values["max"]);
    if (broker.headers) expect(latency?.["max"]).toBeLessThan(whole + 5);
    if (broker.headers) expect(latency?.["min"]).toBeGreaterThanOrEqual(0);
  });

  test("a connection that is cut in the middle: errors are counted, the run goes on over a new one", async () => {
    const { port, at } = await create();
    const proxy = await startTcpProxy(port, broker.rewrite);
    onTestFinished(() => proxy.close());
    const through = { ...at, url: broker.url(proxy.port) };
    const load = startWatchedLoad({ id: "publish", type: "mq", config: { ...through, message: "x" } }, 3);
    await load.passMore(20);
    expect(proxy.connections).toBe(1);
    proxy.reset();
    await load.recover(5);
    expect(proxy.connections).toBe(1);
    const report = await load.stop();
    const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
    expect(failed).toBeLessThanOrEqual(6);
    expect(report.metrics["mq_req_failed"]?.values["passes"]).toBe(failed);
    expect(count(report, "mq_msgs_sent")).toBe(load.passed());
    expect(report.metrics["iterations"]?.values["count"]).toBe(load.passed() + failed);
    await expect.poll(() => proxy.connections).toBe(0);
  });

  test("a broker that falls silent: the step times out, a stop frees everything", async () => {
    const { port, at } = await create();
    const proxy = await startTcpProxy(port, broker.rewrite);
    onTestFinished(() => proxy.close());
    const through = { ...at, url: broker.url(proxy.port) };
    const silencer = await startHttpTarget((_request, response) => {
      proxy.blackHole();
      response.end();
    });
    onTestFinished(() => silencer.close());
    const report = await perform([
      { type: "mq", config: { ...through, message: "x" } },
      { type: "http", config: { url: silencer.url } },
      { type: "mq", config: { ...through, message: "x", timeout: "300ms" } },
    ]);
    expect(count(report, "mq_msgs_sent")).toBe(1);
    expect(errors(report)).toEqual([expect.stringMatching(/^timeout: not done in time/)]);
    // What is held back never reaches the broker: it would be there after the destination was removed.
    await expect.poll(() => proxy.callers).toBe(0);
  });

  test("a stop cuts a consume step short, and every connection is closed at the end", async () => {
    const { port, at } = await create();
    const proxy = await startTcpProxy(port, broker.rewrite);
    onTestFinished(() => proxy.close());
    const stop = new AbortController();
    const through = { ...at, url: broker.url(proxy.port) };
    const workflow = {
      options: { vus: 3, duration: "60s", graceful_stop: "0s" },
      steps: [{ type: "mq", config: { ...through, action: "consume" } }],
    };
    const running = run(workflow, { signal: stop.signal });
    await expect.poll(() => proxy.connections).toBeGreaterThan(0);
    // Time to be waiting for messages, of which nothing is told; a stop that comes before it ends the same.
    await new Promise((resolve) => setTimeout(resolve, 200));
    stop.abort();
    const report = await running;
    expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(3);
    expect(errors(report)).toEqual([]);
    await expect.poll(() => proxy.connections).toBe(0);
  });

  test("nobody there: refused, with the broker's name and nothing secret", async () => {
    const config = { type, url: broker.url(1).replace("://", "://ann:hunter2@"), topic: "t", message: "x" };
    const report = await perform([{ type: "mq", config }]);
    expect(errors(report)).toEqual([`1212: ${type} 127.0.0.1:1: connection refused`]);
    expect(JSON.stringify(report)).not.toContain("hunter2");
  });

  const { startSecured } = broker;
  if (startSecured !== null)
    test("wrong credentials are refused, right ones let in, none is told", async () => {
      const secured = await startSecured();
      const topic = `we-${randomBytes(6).toString("hex")}`;
      onTestFinished(async () => {
        if (service === null) await broker.remove(secured.port, topic);
        await secured.close();
      });
      const url = (password: string) => broker.url(secured.port).replace("://", `://${secured.username}:${password}@`);
      const config = { type, topic, message: "x" };
      const report = await perform([{ type: "mq", config: { ...config, url: url("wrong-pass-4711") } }]);
      expect(errors(report)).toEqual([expect.stringMatching(/^mq_auth: .*the broker refuses it/)]);
      expect(JSON.stringify(report)).not.toContain("wrong-pass-4711");
      const well = await perform([{ type: "mq", config: { ...config, url: url(secured.password) } }]);
      expect(errors(well)).toEqual([]);
      expect(JSON.stringify(well)).not.toContain(secured.password);
    });

  const { service, secureScheme } = broker;
  if (service !== null)
    test("a server that is killed and comes back: errors are counted, the run goes on", async () => {
      const server = await startPrivate(service);
      onTestFinished(() => server.close());
      const config = { type, url: broker.url(server.port), topic: "we-killed", message: "x", timeout: "3s" };
      const load = startWatchedLoad({ type: "mq", config }, 2);
      await load.passMore(20);
      await server.kill();
      await load.failMore();
      await server.start();
      await load.passMore(20);
      const report = await load.stop();
      const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
      expect(failed).toBeGreaterThan(0);
      expect(report.metrics["mq_req_failed"]?.values["passes"]).toBe(failed);
      expect(count(report, "mq_msgs_sent") + failed).toBe(report.metrics["iterations"]?.values["count"]);
    });

  if (service !== null && secureScheme !== undefined)
    test("over TLS: verified, or refused with advice", async () => {
      const server = await startPrivate(service, { secure: true });
      onTestFinished(() => server.close());
      const url = `${secureScheme}://localhost:${server.port}`;
      const config = { type, url, topic: "we-tls", message: "x" };
      const trusting = { ...config, tls: { ca: readFileSync(certificates.authority, "utf8") } };
      const report = await perform([{ type: "mq", config: { ...config, tls: { verify: false } } }]);
      expect(errors(report)).toEqual([]);
      const trusted = await perform([{ type: "mq", config: trusting }]);
      expect(errors(trusted)).toEqual([]);
      const refused = await perform([{ type: "mq", config }]);
      expect(errors(refused)).toEqual([expect.stringMatching(/^1310: .*tls\.verify: false/)]);
    });
});
