import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { dialects } from "../../../test/support/sql-dialects.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

// One suite over all SQL databases, against real ones.

const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"] ?? 0;
const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);
const failing = (report: Report) => report.checks.filter(({ fails }) => fails > 0).map(({ name }) => name);

describe.each(dialects)("$driver", (dialect) => {
  const { driver, service, mark } = dialect;

  /** A connection that several runs share, with a table of its own that is dropped at the end. */
  async function create(fields: object = {}, port = service?.port ?? 0) {
    const table = `we_db_${randomBytes(5).toString("hex")}`;
    const folder = mkdtempSync(join(tmpdir(), "we-sqlite-"));
    const dsn = service === null ? `sqlite:${join(folder, "数据.db")}` : dialect.dsn(port);
    const connections = { shop: { driver, dsn, ...fields } };
    const step = (config: object, more: object = {}) => ({
      type: "db",
      config: { connection: "shop", ...config },
      ...more,
    });
    const perform = (steps: readonly object[], options: object = {}, more: object = {}) =>
      run({ options: { vus: 1, iterations: 1, ...options }, connections, steps, ...more });
    onTestFinished(async () => {
      if (service !== null) await perform([step({ query: `DROP TABLE IF EXISTS ${table}` })]);
      rmSync(folder, { recursive: true, force: true });
    });
    const created = await perform([step({ query: `CREATE TABLE ${table} (${dialect.columns})` })]);
    expect(codes(created)).toEqual([]);
    return { table, step, perform };
  }

  const insert = (table: string) => `INSERT INTO ${table} (t, b, n, d) VALUES (${[1, 2, 3, 4].map(mark).join(", ")})`;
  const row = (text: string) => [text, { base64: "AP8nXA==" }, "${n}", dialect.decimal];
  const variables = { n: "9007199254740993" };

  test("`count` takes one number and nothing else; what it got instead is told", async () => {
    const { step, perform } = await create();
    const count = (query: string, id: string) => step({ action: "count", query }, { id, on_error: "continue" });
    const report = await perform([
      count("SELECT 2", "one"),
      count("SELECT '3'", "digits"),
      count("SELECT 'a', 2", "text-first"),
      count("SELECT 2, 2", "twice"),
      count("SELECT 'a'", "text"),
      count("SELECT NULL", "nothing"),
      count("SELECT 1 WHERE 1 = 0", "none"),
      count("SELECT 1 UNION ALL SELECT 1", "rows"),
    ]);
    const wanted = "no_count: `count` wants a query that gives one number, such as SELECT count(*) FROM users";
    expect(report.errors.map(({ step_id: id, code, message }) => [id, `${code}: ${message}`]).toSorted()).toEqual([
      ["none", `${wanted}; this one gave no row`],
      ["nothing", `${wanted}; this one gave NULL`],
      ["rows", `${wanted}; this one gave 2 rows`],
      ["text", `${wanted}; this one gave a text`],
      ["text-first", `${wanted}; this one gave 2 columns`],
      ["twice", `${wanted}; this one gave 2 columns`],
    ]);
  });

  test("what goes in comes out: Chinese, bytes, long integers, decimals, NULL; what was changed is told", async () => {
    const { table, step, perform } = await create();
    const text = "登录😀'; DROP TABLE x; -- \\ \u0000".replace(driver === "postgres" ? "\u0000" : "", "");
    const report = await perform(
      [
        step({ action: "execute", query: insert(table), params: row(text) }, { id: "put" }),
        step(
          { query: `SELECT t, b, n, d, NULL AS z FROM ${table} WHERE t = ${mark(1)}`, params: [text] },
          {
            id: "get",
            assert: [
              { type: "json", path: "$[0].t", value: text },
              { type: "json", path: "$[0].b", value: "AP8nXA==" },
              { type: "json", path: "$[0].d", value: dialect.decimal },
              { type: "json", path: "$[0].z", value: null },
              { type: "body", operator: "contains", value: '"n":9007199254740993' },
            ],
            extract: [{ name: "t", from: "json", path: "$[0].t" }],
          },
        ),
      ],
      {},
      { variables },
    );
    expect(codes(report)).toEqual([]);
    expect(failing(report)).toEqual([]);
    expect(count(report, "db_reqs")).toBe(2);
    expect(count(report, "db_rows")).toBe(1);
    expect(report.metrics["db_req_failed"]?.values["rate"]).toBe(0);
    expect(report.metrics["db_req_duration"]?.values["count"]).toBe(2);
  });

  test("the output has rows, row_count, affected, last_id, count and exists", async () => {
    const { table, step, perform } = await create();
    const report = await perform(
      [
        step({ action: "execute", query: insert(table), params: row("a") }, { id: "put" }),
        step({ action: "count", query: `SELECT count(*) FROM ${table}` }, { id: "number" }),
        step({ action: "exists", query: `SELECT 1 FROM ${table} WHERE t = 'nobody'` }, { id: "nobody" }),
        step({ query: `SELECT t FROM ${table}` }, { id: "get" }),
        {
          id: "see",
          type: "sleep",
          duration: "1ms",
          condition:
            "put.output.affected == 1 && number.output.count == 1 && nobody.output.exists == false && " +
            `get.output.row_count == 1 && get.output.rows[0].t == 'a' && ${dialect.returnsId ? "put.output.last_id == 1" : "put.output.last_id == null"}`,
        },
      ],
      {},
      { variables },
    );
    expect(codes(report)).toEqual([]);
    expect(report.step_metrics["see"]?.count).toBe(1);
  });

  test("a refused statement fails with the database's own code, and the connection goes on", async () => {
    const { table, step, perform } = await create({ pool: { max: 1 } });
    const put = step({ query: insert(table), params: row("一") }, { on_error: "continue" });
    const report = await perform(
      [
        put,
        put,
        step({ query: "SELEC nothing" }, { on_error: "continue" }),
        step({ query: `SELECT t FROM ${table}` }, { assert: [{ type: "json", path: "$[0].t", value: "一" }] }),
      ],
      {},
      { variables },
    );
    expect(report.errors.map(({ code }) => code)).toContain(dialect.duplicate);
    expect(report.errors).toHaveLength(2);
    expect(report.metrics["db_req_failed"]?.values["passes"]).toBe(2);
    expect(failing(report)).toEqual([]);
  });

  test("a transaction is the VU's: committed, rolled back, or rolled back at the iteration's end", async () => {
    const { table, step, perform } = await create({ pool: { max: 3 } });
    const put = (text: string) =>
      step({ query: `INSERT INTO ${table} (t) VALUES (${mark(1)})`, params: [`${text}\${vu.id}`] });
    const ended = (action: string) => [step({ action: "begin" }), put(action), step({ action })];
    const report = await perform([...ended("commit"), ...ended("rollback"), step({ action: "begin" }), put("open")], {
      vus: 3,
      iterations: 3,
      mode: "per-vu-iterations",
    });
    // The same text again is a duplicate, which ends the iteration with its transaction open.
    expect(new Set(report.errors.map(({ code }) => code))).toEqual(new Set([dialect.duplicate]));
    expect(report.metrics["iterations"]?.values["count"]).toBe(9);
    const after = await perform([
      step({ action: "count", query: `SELECT count(*) FROM ${table} WHERE t LIKE 'commit%'` }, { id: "n" }),
      { id: "see", type: "sleep", duration: "1ms", condition: "n.output.count == 3" },
      step({ action: "exists", query: `SELECT 1 FROM ${table} WHERE t NOT LIKE 'commit%'` }, { id: "others" }),
      { id: "none", type: "sleep", duration: "1ms", condition: "others.output.exists == false" },
    ]);
    expect(after.step_metrics["see"]?.count).toBe(1);
    expect(after.step_metrics["none"]?.count).toBe(1);
  });
});
