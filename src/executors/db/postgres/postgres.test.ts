import { expect, test } from "vitest";
import { run } from "../../../local/run.ts";

const dsn = "postgres://postgres:postgres@127.0.0.1:5432/postgres";
const step = (config: object, more: object = {}) => ({
  type: "db",
  config: { driver: "postgres", dsn, pool: { max: 1 }, ...config },
  ...more,
});
const codes = ({ errors }: Awaited<ReturnType<typeof run>>) => errors.map(({ code, count }) => `${code} × ${count}`);

test("lists are arrays, maps are JSON, and a prepared statement gives rows each time, whatever its columns are called", async () => {
  const query = `SELECT $1::text[] AS texts, $2::int[][] AS numbers, $3::jsonb AS map, $4::bytea[] AS bytes, $5::text AS nothing, 1 AS "__proto__", 2 AS twice, 3 AS twice`;
  const params = [
    ["客户", 'a "quoted" \\ one', null, "{}", ""],
    [
      [1, 2],
      [3, 4],
    ],
    { a: [1, "b"] },
    [],
    null,
  ];
  const expected = {
    texts: params[0],
    numbers: params[1],
    map: params[2],
    bytes: [],
    nothing: null,
    twice: 3,
  };
  const assert = [
    ...Object.entries(expected).map(([name, value]) => ({ type: "json", path: `$[0].${name}`, value })),
    { type: "body", operator: "contains", value: '"__proto__":1' },
  ];
  const report = await run({ options: { vus: 1, iterations: 3 }, steps: [step({ query, params }, { assert })] });
  expect(report.errors).toEqual([]);
  expect(report.metrics["db_rows"]?.values["count"]).toBe(3);
});

test("a prepared statement that fails at first is neither parsed twice nor forgotten", async () => {
  const query = "SELECT 6 / $1::int AS share";
  const assert = [{ type: "json", path: "$[0].share", value: "${6 / iteration}" }];
  const report = await run({
    options: { vus: 1, iterations: 4 },
    steps: [step({ query, params: ["${iteration}"] }, { on_error: "continue", assert })],
  });
  expect(codes(report)).toEqual(["22012 × 1"]);
  expect(report.metrics["db_rows"]?.values["count"]).toBe(3);
});

test("a statement that wants data from the client fails at once, and the connection goes on", async () => {
  const report = await run({
    options: { vus: 1, iterations: 2 },
    steps: [
      step({ query: "CREATE TEMPORARY TABLE IF NOT EXISTS we_copy (a int)" }),
      step({ query: "COPY we_copy FROM STDIN" }, { on_error: "continue" }),
      step({ query: "SELECT count(*) FROM we_copy" }, { assert: [{ type: "json", path: "$[0].count", value: 0 }] }),
    ],
  });
  expect(codes(report)).toEqual(["57014 × 2"]);
});
