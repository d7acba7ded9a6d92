import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startApiServer } from "../../test/support/api-server.ts";
import { EngineError } from "../errors.ts";
import type { StreamMessage } from "../protocol/rest.ts";
import { Client } from "./client.ts";

const event = { time: "2026-01-06T10:00:00.000Z", type: "paused", message: "暂停" } as const;

test("every call reaches its route and gives what the master says", async () => {
  const { url, calls, submissions } = await startApiServer();
  const client = new Client({ master: url });
  const workflow = { steps: [{ type: "http", config: { url: "http://127.0.0.1:1/" } }] };
  expect(await client.validate({ workflow })).toEqual({ valid: true, problems: [] });
  expect(await client.submit({ workflow, tags: { 团队: "支付" } })).toMatchObject({ status: "submitted" });
  expect(submissions[0]?.workflow.tags).toEqual({ 团队: "支付" });
  expect(await client.listWorkflows()).toEqual({ workflows: [], total: 0 });
  expect(await client.stopWorkflow("w", { grace: "1s" })).toEqual({ success: true, stopped: ["live"] });
  expect(await client.listExecutions({ workflowId: "商店", limit: 2 })).toMatchObject({ total: 1 });
  expect(await client.getExecution("latest")).toMatchObject({ id: "live" });
  expect(await client.getMetrics("live")).toMatchObject({ execution_id: "live" });
  expect(await client.getTimeSeries("live", { from: "1s", maxPoints: 7 })).toMatchObject({ points: [] });
  expect(await client.getReport("over")).toMatchObject({ schema: 1, execution_id: "over" });
  expect(await client.getLogs("live")).toEqual({ logs: [], dropped: 0 });
  expect(await client.pause("live")).toEqual({ success: true, status: "paused" });
  expect(await client.resume("live")).toEqual({ success: true, status: "running" });
  expect(await client.scale("live", { target_vus: 5, over: "1s" })).toEqual({ success: true, target_vus: 5 });
  await client.stop("live", { force: true });
  await client.purge("over");
  expect(await client.listSlaves()).toEqual({ slaves: [], total: 0 });
  expect(await client.drain("s 1")).toEqual({ success: true, state: "draining" });
  expect(await client.undrain("s 1")).toEqual({ success: true, state: "online" });
  expect(await client.getMaster()).toMatchObject({ id: "m" });
  expect(calls).toEqual([
    'list {"workflowId":"商店","limit":2,"offset":0}',
    'timeSeries live {"fromMs":1000,"maxPoints":7}',
    "pause live null",
    "resume live null",
    'scale live {"target":5,"of":"vus","scenario":null,"overMs":1000}',
    'stop live {"graceMs":null,"force":true,"reason":"stopped_by_api"}',
    "purge over null",
  ]);
});

test("errors have the master's code, words and problems", async () => {
  const { url } = await startApiServer();
  const client = new Client(url);
  const failures = await Promise.all([
    client.submit({ yaml: "options: {vus: -1}" }).catch((error: unknown) => error),
    client.getExecution("没有").catch((error: unknown) => error),
    client.pause("over").catch((error: unknown) => error),
    client.scale("live", { target_vus: -1 }).catch((error: unknown) => error),
  ]);
  expect(failures.every((failure) => failure instanceof EngineError)).toBe(true);
  expect(failures).toMatchObject([
    { code: "invalid_workflow", problems: expect.arrayContaining([expect.objectContaining({ path: "options.vus" })]) },
    { code: "not_found", message: "there is no execution `没有`" },
    { code: "conflict" },
    { code: "invalid_request", problems: [{ path: "target_vus" }] },
  ]);
  expect(() => new Client("ftp://x")).toThrowError(expect.objectContaining({ code: "invalid_usage" }));
});

test("a stream gives every event and the newest metrics to who reads slowly, and ends", async () => {
  const { url, watchers } = await startApiServer();
  const seen: string[] = [];
  const told = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const message of new Client(url).stream("live")) {
      seen.push(message.type);
      if (seen.length === 1) await told.promise;
    }
  })();
  await expect.poll(() => seen).toEqual(["metrics"]);
  const metrics = await new Client(url).getMetrics("live");
  const numbers: StreamMessage = {
    type: "metrics",
    execution_id: "live",
    timestamp: event.time,
    status: "running",
    metrics,
    level: null,
    outputs: [],
  };
  for (const watcher of watchers) {
    for (const message of [numbers, numbers, { type: "event", event } as const, numbers, numbers]) watcher(message);
    watcher({ type: "event", event });
    watcher({ type: "complete", status: "completed", report: null });
  }
  await expect.poll(() => watchers.size).toBe(0);
  told.resolve();
  await reading;
  expect(seen).toEqual(["metrics", "metrics", "event", "metrics", "event", "complete"]);
});

test("leaving the loop, or a signal, ends a stream; an unknown execution throws", async () => {
  const { url, watchers } = await startApiServer();
  const client = new Client(url);
  for await (const { type } of client.stream("live")) {
    expect(type).toBe("metrics");
    break;
  }
  await expect.poll(() => watchers.size).toBe(0);
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { type } of client.stream("live", { signal: stop.signal })) if (type === "metrics") stop.abort();
  })();
  await expect(reading).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => watchers.size).toBe(0);
  await expect(client.stream("nobody").next()).rejects.toMatchObject({ code: "not_found" });
});

test("a signal gives a call up", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  await once(silent, "listening");
  const client = new Client(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  const stop = new AbortController();
  const call = client.submit({ yaml: "x" }, { signal: stop.signal });
  await once(silent, "request");
  stop.abort();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
});
