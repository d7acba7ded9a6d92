import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../../local/run.ts";

/** The most memory that a child of this process had, bytes. */
function readChildrensPeak(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ");
  const peaks = children.map((pid) => /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  return Math.max(...peaks.map(Number)) * 1_024;
}

test("a huge value is refused before SQLite's process holds it; what is written, and what is only counted, may be long", async () => {
  const step = (query: string, more: object = {}, params: readonly unknown[] = []) => ({
    type: "db",
    config: { driver: "sqlite", query, params },
    on_error: "continue",
    ...more,
  });
  const long = "长".repeat(7_000_000);
  const many =
    "SELECT group_concat(hex(randomblob(1000000))) FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 400) SELECT n FROM c)";
  let peak = 0;
  const report = await run(
    {
      variables: { long },
      steps: [
        step("SELECT hex(randomblob(400000000)) AS big", { id: "value" }),
        step(many, { id: "list" }),
        { type: "script", config: { script: "console.log('asked')" } },
        step("CREATE TABLE t (id INTEGER PRIMARY KEY, a)"),
        step("INSERT INTO t (a) VALUES (?)", {}, ["${long}"]),
        step("INSERT INTO t (a) VALUES (?) RETURNING id", { assert: [{ type: "json", path: "$[0].id", value: 2 }] }, [
          "${long}",
        ]),
        step("SELECT a FROM t WHERE id = 1", { id: "read" }),
        step("SELECT length(a) AS n FROM t WHERE id = 2", {
          assert: [{ type: "json", path: "$[0].n", value: 7_000_000 }],
        }),
      ],
    },
    {
      log: (_level, message) => {
        if (message === "asked") peak = readChildrensPeak();
      },
    },
  );
  const tooLarge = "the result is longer than 16000000 bytes; ask for less, or raise max_bytes";
  expect(report.errors.map(({ step_id: id, message }) => [id, message]).toSorted()).toEqual([
    ["list", tooLarge],
    ["read", tooLarge],
    ["value", tooLarge],
  ]);
  expect(report.checks.map(({ fails }) => fails)).toEqual([0, 0]);
  expect(peak).toBeGreaterThan(10_000_000);
  expect(peak).toBeLessThan(300_000_000);
});
