import { expect, test } from "vitest";
import { measureWidth } from "../report/text/text-width.ts";
import { showTable, showTime } from "./show-table.ts";
import { createTerminal } from "./terminal.ts";

test("columns stand below each other whatever script their texts are in", () => {
  const terminal = createTerminal(true);
  const rows = [
    ["a", "分布式性能测试", "1"],
    ["bb", "shop", "200"],
    ["c", "テスト\u001b[31m", "3"],
  ];
  const lines = showTable(["ID", "WORKFLOW", "-VUS"], rows, terminal).trimEnd().split("\n");
  expect(new Set(lines.map((line) => measureWidth(line))).size).toBe(1);
  expect(lines[1]).toBe("a   分布式性能测试    1");
  expect(lines.join("")).not.toContain("\u001b");
});

test("times are local, with their offset", () => {
  expect(showTime("2026-01-06T10:00:00.000Z")).toMatch(/^2026-01-0\d \d\d:\d\d:00 [+-]\d\d:\d\d$/);
  expect(showTime(null)).toBe("–");
});
