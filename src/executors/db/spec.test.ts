import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run } from "../../local/run.ts";

const perform = (config: object, more: object = {}) => run({ ...more, steps: [{ id: "ask", type: "db", config }] });
const query = "SELECT 1";

test.each([
  [{ query }, "`driver` is missing"],
  [
    { driver: "oracle", query },
    "`oracle` is not accepted here; it takes one of mysql, mariadb, postgres, sqlite, redis",
  ],
  [{ driver: "mysql" }, "`query` is missing"],
  [{ driver: "redis" }, "`command` is missing"],
  [{ driver: "redis", query }, "redis takes a `command`"],
  [{ driver: "mysql", command: ["GET"] }, "mysql takes a `query`"],
  [{ driver: "mysql", query, sql: query }, "`query` and `sql` are the same"],
  [{ driver: "mysql", connection: "a", dsn: "mysql://a", query }, "`connection` and `dsn` both say where to go"],
  [{ driver: "mysql", dsn: "postgres://a", query }, "the dsn is one of another driver"],
  [{ dsn: "mysql://a@b:99999/c", query }, "the dsn cannot be read; write mysql://"],
  [{ driver: "mysql", query: " " }, "is empty; write a statement"],
  [{ driver: "mysql", action: "commit", query }, "`commit` needs no statement"],
  [{ driver: "mysql", query: " begin" }, "write action: begin, commit or rollback"],
  [{ driver: "mysql", query: "START TRANSACTION" }, "write action: begin, commit or rollback"],
  [{ driver: "mysql", query, params: "x" }, "is a list, or a template that gives one"],
  [{ driver: "mysql", query, max_rows: 0 }, "max_rows"],
  [{ connection: "a", query, pool: { max: 1 } }, "a named connection has its own"],
])("bad config %j", async (config, message) => {
  await expect(perform(config)).rejects.toThrow(message);
});

test.each([
  [{}, "there is no connection `shop`; none is known here"],
  [{ other: { driver: "mysql" } }, "there is no connection `shop`; there are other"],
  [{ shop: { driver: "oracle" } }, "connections.shop: `oracle` is no database"],
  [{ shop: { dsn: "mysql://a:geheim@b", pools: 3 } }, "connections.shop: there is no field `pools`"],
  [
    { shop: { driver: "mysql", dsn: "mysql://a:ge%heim@b" } },
    "a `%` in the dsn is not the beginning of an encoded byte",
  ],
  [{ shop: { driver: "mysql", dsn: "geheim" } }, "the dsn cannot be read; write mysql://"],
  [{ shop: { dsn: "mysql://a:geheim@b/c?charset=utf8" } }, "`charset` in the dsn is not known"],
  [{ shop: { driver: "mysql", port: 0 } }, "`port` is not a whole number"],
  [{ shop: { driver: "mysql", pool: { max: 0 } } }, "`pool` is `{max: N}`"],
  [
    { shop: { driver: "mysql", tls: { ca: "-----BEGIN PRIVATE KEY-----" } } },
    "connections.shop: tls.ca holds a private key; certificates are wanted",
  ],
  [
    { shop: { driver: "mysql", tls: { key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" } } },
    "connections.shop: tls.key is encrypted; give its `passphrase` beside it",
  ],
  [{ shop: { driver: "redis" } }, "redis takes a `command`"],
])("connections %j", async (connections, message) => {
  const failed = perform({ connection: "shop", query }, { connections });
  await expect(failed).rejects.toThrow(message);
  await failed.catch((error: unknown) => expect(String(error)).not.toContain("geheim"));
});

test("a savepoint inside a transaction is a statement like any other", async () => {
  const step = (config: object) => ({ type: "db", config: { dsn: "sqlite::memory:", ...config } });
  const report = await run({
    steps: [
      step({ action: "begin" }),
      step({ query: "SAVEPOINT a" }),
      step({ query: "ROLLBACK TO a" }),
      step({ action: "commit" }),
    ],
  });
  expect(report.errors).toEqual([]);
});

test("a dsn may be a template; a password in it stands nowhere", async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-db-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = { driver: "sqlite", dsn: "sqlite:${file}", query: "SELECT 7 AS n" };
  const report = await perform(config, { variables: { file: join(folder, "a.db") } });
  expect(report.errors).toEqual([]);
  const bad = await perform(
    { driver: "mysql", dsn: "mysql://a:${word}@127.0.0.1:1", query },
    { variables: { word: "geheim" } },
  );
  expect(bad.errors.map(({ code }) => code)).toEqual(["1212"]);
  expect(JSON.stringify(bad.errors)).not.toContain("geheim");
});
