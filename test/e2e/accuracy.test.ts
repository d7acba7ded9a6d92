import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Report, ReportMetric } from "../../src/protocol/report.ts";
import { runCommand } from "../support/command.ts";
import { startFreezingTarget } from "../support/freezing-target.ts";
import { writeTemporary } from "../support/workflows.ts";

const freezeMs = 2_000;
/** A hundredth of the freeze. */
const toleranceMs = 20;
const everyMs = 10;
const planned = 800;

async function measure(options: object, url: string): Promise<Report> {
  const steps = [{ id: "ask", type: "http", config: { url: `${url}/?i=\${iteration}` } }];
  const file = writeTemporary("accuracy.json", JSON.stringify({ options, steps }));
  const { stdout } = await runCommand(["run", file, "--json", "--threads", "1"], { deadlineMs: 110_000 });
  return JSON.parse(stdout) as Report;
}

/** The value below which so many of these lie, as the report's percentiles count. */
function percentileOf(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** The same of a report's histogram, as the middle of a bucket. */
function readPercentile(metric: ReportMetric | undefined, percent: number): number {
  const buckets = metric?.histogram ?? [];
  const all = buckets.reduce((sum, [, , count]) => sum + count, 0);
  let rest = Math.max(1, Math.ceil((percent / 100) * all));
  for (const [low, high, count] of buckets) {
    rest -= count;
    if (rest <= 0) return (low + high) / 2;
  }
  return Number.NaN;
}

test("a target that stands still for 2 s: the distribution is the triangle that users see, no start is left out", {
  timeout: 120_000,
}, async () => {
  const target = await startFreezingTarget(300, freezeMs);
  const load = { rate: 1_000 / everyMs, duration: "8s", pre_allocated_vus: planned };
  const report = await measure(load, target.url);
  const { frozen, answers } = await target.tell();
  const startedAt = Date.parse(report.start_time ?? "");
  const corrected = report.metrics["http_req_duration_corrected"];
  const raw = report.metrics["http_req_duration"];

  // wrk2's rule: a latency counts from the planned start. So it is 2 s at the first, and falls by 10 ms with each one.
  const triangle = Array.from({ length: planned }, (_, index) => {
    const plannedAt = startedAt + index * everyMs;
    return plannedAt >= frozen[0] - everyMs && plannedAt < frozen[1] ? frozen[1] - plannedAt : 0;
  }).sort((a, b) => a - b);
  // What the machine itself took from it: answers of this target that came later than the triangle says, and the
  // generator's own delay. On a machine that does nothing else it is a few ms.
  const delays = answers.map(([index, at]) => {
    const plannedAt = startedAt + index * everyMs;
    return at - Math.max(plannedAt, plannedAt >= frozen[0] - everyMs && plannedAt < frozen[1] ? frozen[1] : 0);
  });
  const disturbedMs = Math.max(...delays) + (report.slaves[0]?.event_loop_lag_ms ?? 0);
  const boundMs = toleranceMs + (disturbedMs > toleranceMs / 2 ? disturbedMs : 0);

  expect([corrected?.values["count"], raw?.values["count"], answers.length]).toEqual([planned, planned, planned]);
  expect(report.metrics["dropped_iterations"]).toBeUndefined();
  const off = Array.from({ length: 999 }, (_, index) => (index + 1) / 10)
    .map((percent) => ({ percent, is: readPercentile(corrected, percent), should: percentileOf(triangle, percent) }))
    // A bucket of the histogram is at most 1/128 wide.
    .filter(({ is, should }) => Math.abs(is - should) > boundMs + should / 128);
  expect(off).toEqual([]);
  expect(Math.abs((corrected?.values["max"] ?? 0) - (triangle.at(-1) ?? 0))).toBeLessThan(boundMs);
  // Beside it the raw one: every request was sent on time, so it says the same.
  expect(Math.abs((raw?.values["p(95)"] ?? 0) - percentileOf(triangle, 95))).toBeLessThan(boundMs);
  if (disturbedMs <= toleranceMs / 2) expect(report.generator).toEqual({ verdict: "ok", reasons: [] });
});

test("one user who waits for each answer sees a single slow request: the raw distribution hides the standstill", {
  timeout: 120_000,
}, async () => {
  // So long that a machine that stands still for a second or two looks fast beside it.
  const longMs = 3 * freezeMs;
  const target = await startFreezingTarget(50, longMs);
  const report = await measure({ vus: 1, iterations: 150, pacing: `${everyMs}ms` }, target.url);
  const raw = report.metrics["http_req_duration"];
  expect(raw?.values["max"]).toBeGreaterThan(longMs - toleranceMs);
  const slow = (raw?.histogram ?? []).filter(([low]) => low > longMs / 2).reduce((sum, [, , count]) => sum + count, 0);
  expect(slow).toBe(1);
  expect(raw?.values["count"]).toBe(150);
  expect(raw?.values["p(95)"]).toBeLessThan(longMs / 2);
  expect(report.metrics["http_req_duration_corrected"]).toBeUndefined();
});

test("too few VUs for a standstill: what could not start is counted, and the generator says that it was saturated", {
  timeout: 120_000,
}, async () => {
  const target = await startFreezingTarget(300, freezeMs);
  const report = await measure({ rate: 1_000 / everyMs, duration: "8s", pre_allocated_vus: 20 }, target.url);
  const { answers } = await target.tell();
  const dropped = report.metrics["dropped_iterations"]?.values["count"] ?? 0;
  expect(dropped).toBeGreaterThanOrEqual(planned / 8);
  expect(answers.length + dropped).toBe(planned);
  expect(report.metrics["iterations"]?.values["count"]).toBe(answers.length);
  expect(report.generator.verdict).toBe("saturated");
  expect(report.generator.reasons).toContain(
    `${dropped} planned iterations were dropped because no VU was free: raise max_vus`,
  );
});

/** A server of raw sockets on a free port. */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    onSocket(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

test("each phase of a request is the delay that the target put into it", { timeout: 120_000 }, async () => {
  const readAfterMs = 300;
  const answerAfterMs = 400;
  const restAfterMs = 500;
  const bodyBytes = 16 * 1024 * 1024;
  // Each delay begins when bytes of the client have come: never before the client itself began to send.
  const port = await listen((socket) => {
    let received = 0;
    socket.on("data", (chunk) => {
      // The body is more than the kernel's buffers take: it is not sent before somebody reads the rest.
      if (received === 0) {
        socket.pause();
        setTimeout(() => socket.resume(), readAfterMs);
      }
      const before = received;
      received += chunk.length;
      if (before < bodyBytes && received >= bodyBytes) void answer(socket);
    });
  });
  async function answer(socket: Socket): Promise<void> {
    await wait(answerAfterMs);
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nab");
    await wait(restAfterMs);
    socket.end("cd");
  }
  const body = writeTemporary("body.txt", "x".repeat(bodyBytes));
  const steps = [
    { id: "slow", type: "http", config: { method: "POST", url: `http://127.0.0.1:${port}/`, body: { file: body } } },
  ];
  const file = writeTemporary("phases.json", JSON.stringify({ options: { vus: 1, iterations: 3 }, steps }));
  const { stdout } = await runCommand(["run", file, "--json"], { deadlineMs: 110_000 });
  const { metrics } = JSON.parse(stdout) as Report;
  const valueOf = (phase: string, value: string): number => metrics[`http_req_${phase}`]?.values[value] ?? Number.NaN;
  const [sending, waiting, receiving] = ["sending", "waiting", "receiving"].map((phase) => valueOf(phase, "avg")) as [
    number,
    number,
    number,
  ];
  // Whoever is late, client or target: from the first byte on no delay is lost. A timer of Node's may fire 1 ms early.
  expect(valueOf("sending", "min")).toBeGreaterThan(readAfterMs - 2);
  expect(sending + waiting).toBeGreaterThan(readAfterMs + answerAfterMs - 4);
  expect(valueOf("duration", "min")).toBeGreaterThan(readAfterMs + answerAfterMs + restAfterMs - 6);
  expect(Math.abs(valueOf("duration", "avg") - sending - waiting - receiving)).toBeLessThan(0.01);
  // A client that sees the end of one phase late gives that time to it instead of to the next: here the best of three
  // counts. A phase that took in another one's delay would be too long each time, and the other too short.
  const least = { sending: readAfterMs, waiting: answerAfterMs, receiving: restAfterMs };
  for (const [phase, ms] of Object.entries(least)) {
    expect(valueOf(phase, "max"), phase).toBeGreaterThan(ms * 0.9);
    expect(valueOf(phase, "min"), phase).toBeLessThan(ms + readAfterMs * 0.9);
  }
});
