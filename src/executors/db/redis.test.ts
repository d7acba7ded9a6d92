import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { redis } from "../../../test/support/services/redis.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);
const countErrors = (report: Report) => report.errors.reduce((sum, error) => sum + error.count, 0);
const passes = (report: Report) => report.checks.map((check) => check.fails === 0 && check.passes > 0);

/** Commands on the standard port, with a key of their own that is gone at the end. */
function on(fields: object = {}, port = redis.port) {
  const key = `we:db:${randomBytes(5).toString("hex")}`;
  const connections = { cache: { driver: "redis", host: "127.0.0.1", port, ...fields } };
  const command = (words: readonly unknown[], more: object = {}, config: object = {}) => ({
    type: "db",
    config: { connection: "cache", command: words, ...config },
    ...more,
  });
  const action = (name: string, more: object = {}) => ({
    type: "db",
    config: { connection: "cache", action: name },
    ...more,
  });
  const perform = (steps: readonly object[], options: object = {}) =>
    run({ options: { vus: 1, iterations: 1, ...options }, connections, steps });
  const sees = (value: unknown, path = "$[0]") => ({ assert: [{ type: "json", path, value }] });
  return { key, connections, command, action, perform, sees, remove: () => perform([command(["DEL", key])]) };
}

test("commands with Chinese texts, bytes, numbers, lists and nothing", async () => {
  const { key, command, perform, sees, remove } = on();
  onTestFinished(async () => void (await remove()));
  const report = await perform([
    command(["GET", key], sees(null)),
    command(["SET", key, "登录😀\r\n"], sees("OK")),
    command(["GET", key], sees("登录😀\r\n")),
    command(["SET", key, { base64: "AP8nDQo=" }]),
    command(["GET", key], sees("AP8nDQo="), { encoding: "base64" }),
    command(["SET", key, "9007199254740992"]),
    command(["INCR", key], { assert: [{ type: "body", value: "[9007199254740993]" }] }),
    command(["DEL", key]),
    command(["RPUSH", key, "a", "b", 3], sees(3)),
    command(["LRANGE", key, 0, -1], { assert: [{ type: "json", path: "$", value: ["a", "b", "3"] }] }),
    command(["EXISTS", key], { id: "is" }, { action: "exists" }),
    command(["LLEN", key], { id: "length" }, { action: "count" }),
    { id: "see", type: "sleep", duration: "1ms", condition: "is.output.exists == true && length.output.count == 3" },
  ]);
  expect(codes(report)).toEqual([]);
  expect(passes(report)).not.toContain(false);
  expect(report.step_metrics["see"]?.count).toBe(1);
});

test("a refused command has the server's word as its code; those that change the connection are not sent", async () => {
  const { key, command, perform, remove } = on({ pool: { max: 1 } });
  onTestFinished(async () => void (await remove()));
  const skipped = { on_error: "continue" };
  const report = await perform([
    command(["SET", key, "x"]),
    command(["LPUSH", key, "x"], skipped),
    command(["NOSUCH"], skipped),
    command(["SUBSCRIBE", "a"], skipped),
    command(["MULTI"], skipped),
    command(["GET", key]),
  ]);
  expect(report.errors.map(({ code }) => code)).toEqual(["WRONGTYPE", "ERR", "unsupported", "unsupported"]);
});

test("a transaction is sent as one, or not at all", async () => {
  const { key, command, action, perform, sees, remove } = on();
  onTestFinished(async () => void (await remove()));
  const report = await perform([
    action("begin"),
    command(["INCR", key], sees("QUEUED")),
    command(["INCR", key]),
    action("commit", { assert: [{ type: "json", path: "$[1]", value: 2 }] }),
    action("begin"),
    command(["INCR", key]),
    action("rollback"),
    command(["GET", key], sees("2")),
  ]);
  expect(codes(report)).toEqual([]);
  expect(passes(report)).not.toContain(false);
});

test("a password is needed, wrong ones are refused and told nobody", async () => {
  const server = await startPrivate(redis, { more: ["--requirepass", "richtig-0815"] });
  onTestFinished(() => server.close());
  const wrong = on({ password: "falsch-geheim" }, server.port);
  const refused = await wrong.perform([wrong.command(["PING"])]);
  expect(codes(refused)).toEqual([expect.stringMatching(/^WRONGPASS: /)]);
  expect(JSON.stringify(refused)).not.toContain("geheim");
  const none = on({}, server.port);
  expect(codes(await none.perform([none.command(["PING"])]))).toEqual([expect.stringMatching(/^NOAUTH: /)]);
  const right = on({ password: "richtig-0815", database: 2 }, server.port);
  expect(codes(await right.perform([right.command(["PING"], right.sees("PONG"))]))).toEqual([]);
});

test("a server that is killed and comes back", async () => {
  const server = await startPrivate(redis);
  onTestFinished(() => server.close());
  const { connections, command } = on({}, server.port);
  const load = startWatchedLoad(command(["PING"]), 3, { connections });
  await load.passMore(30);
  await server.kill();
  // After those whose connection broke others find nobody.
  await load.failMore(9);
  await server.start();
  await load.recover(10);
  const report = await load.stop();
  expect(report.errors.map(({ code }) => code)).toContain("1212");
  expect(report.metrics["iterations"]?.values["count"]).toBe(load.passed() + countErrors(report));
});

test("what waits too long is given up, and a huge answer is cut", async () => {
  const { key, command, perform, remove } = on({ pool: { max: 1 } });
  onTestFinished(async () => void (await remove()));
  const skipped = { on_error: "continue" };
  const report = await perform([
    command(["BLPOP", `${key}:none`, 0], skipped, { timeout: "200ms" }),
    command(["SETRANGE", key, 20_000_000, "x"]),
    command(["GET", key], skipped, { max_bytes: "1MB" }),
    command(["DEL", key]),
    command(["PING"]),
  ]);
  expect(report.errors.map(({ code }) => code)).toEqual(["timeout", "result_too_large"]);
});
