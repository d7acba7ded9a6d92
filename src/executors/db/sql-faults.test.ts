import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startRawServer } from "../../../test/support/raw-server.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { dialects } from "../../../test/support/sql-dialects.ts";
import { startTcpProxy } from "../../../test/support/tcp-proxy.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

// What goes wrong with databases, on real ones; those of a test's own take seconds to start.
const withOwnServer = { timeout: 300_000 };

const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);
const countErrors = (report: Report) => report.errors.reduce((sum, error) => sum + error.count, 0);
const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"] ?? 0;

describe.each(dialects)("$driver", (dialect) => {
  const { driver, service } = dialect;

  /** Steps on a connection with these fields. */
  function on(fields: object = {}, port = service?.port ?? 0) {
    const folder = mkdtempSync(join(tmpdir(), "we-sqlite-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const dsn = service === null ? `sqlite:${join(folder, "a.db")}` : dialect.dsn(port);
    const connections = { shop: { driver, dsn, ...fields } };
    const step = (config: object, more: object = {}) => ({
      type: "db",
      config: { connection: "shop", ...config },
      ...more,
    });
    const perform = (steps: readonly object[], options: object = {}) =>
      run({ options: { vus: 1, iterations: 1, ...options }, connections, steps });
    return { connections, step, perform };
  }

  test("a statement that takes too long fails at its timeout; the next has a connection that is free", async () => {
    const { step, perform } = on({ pool: { max: 1 } });
    const startedAt = performance.now();
    const report = await perform([
      step({ query: dialect.slow, timeout: "300ms" }, { on_error: "continue" }),
      step({ query: "SELECT 5 AS n" }, { assert: [{ type: "json", path: "$[0].n", value: 5 }] }),
    ]);
    expect(codes(report)).toEqual([expect.stringMatching(/^timeout: not done in time/)]);
    expect(report.checks.map(({ passes }) => passes)).toEqual([1]);
    expect(performance.now() - startedAt).toBeLessThan(dialect.slowMs);
  });

  test("a full pool is waited for as long as the step may take, then it is said to be full", async () => {
    const { connections, step, perform } = on({ pool: { max: 1 } });
    const query = dialect.slow;
    const once = { iterations: 1, mode: "per-vu-iterations", graceful_stop: "0s" };
    const waits = step({ query, timeout: "700ms" }, { id: "waits", on_error: "continue" });
    const tell = { type: "script", config: { script: "console.log('waited')" } };
    const stop = new AbortController();
    let waiting = 2;
    // Who holds it does so until the others have waited.
    const report = await run(
      {
        connections,
        scenarios: {
          hold: { ...once, vus: 1, steps: [step({ query, timeout: "50s" })] },
          wait: { ...once, vus: waiting, start_time: "600ms", steps: [waits, tell] },
        },
      },
      { signal: stop.signal, log: (_level, message) => void (message === "waited" && --waiting === 0 && stop.abort()) },
    );
    const full = "all 1 connections of the pool were in use all the time; raise pool.max, or use fewer VUs";
    expect(report.errors.map(({ step_id, code, message, count: times }) => [step_id, code, message, times])).toEqual([
      ["waits", "pool_timeout", full, 2],
    ]);
    expect(report.metrics["interrupted_iterations"]?.values["count"]).toBeGreaterThanOrEqual(1);
    const waited = await perform([step({ query: "SELECT 1 AS n" })], { vus: 8, iterations: 200 });
    expect(codes(waited)).toEqual([]);
    expect(count(waited, "db_reqs")).toBe(200);
  });

  test("a huge result is cut: the step fails, memory stays, the next has a connection", async () => {
    const { step, perform } = on({ pool: { max: 1 } });
    const next = step({ query: "SELECT 1 AS n" }, { assert: [{ type: "json", path: "$[0].n", value: 1 }] });
    const before = process.memoryUsage().rss;
    const report = await perform([
      step({ query: dialect.many(400_000, 1_000), max_bytes: "2MB" }, { on_error: "continue", extract: [] }),
      next,
      step({ query: dialect.many(5_000, 1), max_rows: 1_000 }, { on_error: "continue" }),
      next,
      step({ query: dialect.many(1, 12_000_000), max_bytes: "1MB" }, { on_error: "continue" }),
      next,
    ]);
    expect(codes(report)).toEqual([
      "result_too_large: the result is longer than 2000000 bytes; ask for less, or raise max_bytes",
      "result_too_large: the result has more than 1000 rows; add a LIMIT, or raise max_rows",
      "result_too_large: the result is longer than 1000000 bytes; ask for less, or raise max_bytes",
    ]);
    expect(report.checks.map(({ passes, fails }) => [passes, fails])).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(120_000_000);
  });

  test("a stop cuts a statement short", async () => {
    const { connections, step } = on();
    const stop = new AbortController();
    const startedAt = performance.now();
    const tell = { type: "script", config: { script: "console.log('asks')" } };
    const report = await run(
      {
        options: { vus: 1, iterations: 1, graceful_stop: "0s" },
        connections,
        steps: [tell, step({ query: dialect.slow, timeout: "60s" })],
      },
      // Time for the database to be at it, of which nothing is told; a stop that comes before it ends the same.
      {
        signal: stop.signal,
        log: (_level, message) => void (message === "asks" && setTimeout(() => stop.abort(), 500)),
      },
    );
    expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(1);
    expect(codes(report)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(dialect.slowMs);
  });

  if (service === null) {
    test("what opens other files is refused", async () => {
      const { step, perform } = on();
      const report = await perform([
        step({ query: "ATTACH '/tmp/we-attached.db' AS x" }, { on_error: "continue" }),
        step({ query: "VACUUM INTO '/tmp/we-copied.db'" }, { on_error: "continue" }),
        step({ query: "SELECT load_extension('x')" }, { on_error: "continue" }),
        step({ query: "SELECT 1; SELECT 2" }),
      ]);
      expect(codes(report)).toEqual([
        "SQLITE_AUTH: not authorized",
        "SQLITE_AUTH: authorization denied",
        "SQLITE_ERROR: not authorized",
        "SQLITE_ERROR: there is more than one statement; give each a step of its own",
      ]);
    });
    return;
  }

  test("a wrong password is refused with the database's code and told nobody", withOwnServer, async () => {
    // The one on the standard port may trust everybody of this machine.
    const server = driver === "postgres" ? await startPrivate(service) : null;
    if (server !== null) onTestFinished(() => server.close());
    const port = server?.port ?? service.port;
    const user = driver === "mysql" ? "we_nobody" : "postgres";
    const dsn = dialect.dsn(port, "falsch-geheim-0815").replace(/(?<=:\/\/)\w+/, user);
    const report = await run({
      options: { vus: 2, iterations: 4 },
      steps: [{ id: "in", type: "db", config: { dsn, query: "SELECT 1" } }],
    });
    expect(report.errors.map(({ code, count }) => [code, count])).toEqual([[dialect.wrongPassword, 4]]);
    expect(report.metrics["db_req_failed"]?.values["rate"]).toBe(1);
    expect(JSON.stringify(report)).not.toContain("geheim");
    expect(report.errors[0]?.sample?.url).toBe(
      `query ${driver} 127.0.0.1:${port}/${driver === "mysql" ? "test" : "postgres"}`,
    );
  });

  test("nobody listens: refused, with k6's number", async () => {
    const report = await run({ steps: [{ type: "db", config: { dsn: dialect.dsn(1), query: "SELECT 1" } }] });
    expect(codes(report)).toEqual(["1212: connection to 127.0.0.1:1 refused"]);
  });

  test(
    "a server that is killed and comes back: errors are counted, the run goes on, connections recover",
    withOwnServer,
    async () => {
      const server = await startPrivate(service);
      onTestFinished(() => server.close());
      const { connections, step } = on({ pool: { max: 3 } }, server.port);
      const load = startWatchedLoad(step({ query: "SELECT 1 AS n", timeout: "2s" }), 4, { connections });
      await load.passMore(50);
      await server.kill();
      // After those whose connection broke others find nobody.
      await load.failMore(9);
      await server.start();
      await load.recover(10);
      const report = await load.stop();
      expect(report.errors.map(({ code }) => code)).toContain("1212");
      expect(count(report, "iterations")).toBe(load.passed() + countErrors(report));
      expect(count(report, "db_reqs")).toBe(count(report, "iterations"));
    },
  );

  test("a connection that is cut under a transaction: nothing runs outside of it", async () => {
    const proxy = await startTcpProxy(service.port);
    onTestFinished(() => proxy.close());
    const { step, perform } = on({}, proxy.port);
    const running = perform([
      step({ action: "begin" }),
      step({ query: dialect.slow, timeout: "50s" }, { on_error: "continue" }),
      step({ query: "SELECT 1" }, { on_error: "continue" }),
      step({ action: "commit" }, { on_error: "continue" }),
      step({ query: "SELECT 1" }),
    ]);
    await expect.poll(() => proxy.heard(dialect.slow)).toBe(true);
    proxy.reset();
    const report = await running;
    expect(report.errors.map(({ code, count: times }) => [code, times])).toEqual([
      ["1220", 1],
      ["transaction_lost", 1],
      ["transaction_lost", 1],
    ]);
    expect(report.step_metrics["db_5"]?.failure_count).toBe(0);
  });

  test("a server that says nothing more: the step ends in time, and so does the run", async () => {
    const server = await startRawServer((socket) => socket.resume());
    onTestFinished(() => server.close());
    const { step, perform } = on({}, server.port);
    const report = await perform([step({ query: "SELECT 1", timeout: "300ms" })]);
    expect(codes(report)).toEqual([expect.stringMatching(/^timeout/)]);
    await expect.poll(() => server.open).toBe(0);
  });
});
