import { expect, test } from "vitest";
import { showBytes, showCount, showDuration, showNumber, showShare, showText } from "./people.ts";
import { clipText, layTable } from "./table.ts";

test.each([
  [null, "–"],
  [0, "0"],
  [0.001, "1 µs"],
  [0.8504, "850 µs"],
  [0.9996, "1.00 ms"],
  [1, "1.00 ms"],
  [9.996, "10.0 ms"],
  [12.345, "12.3 ms"],
  [144.4, "144 ms"],
  [999.6, "1.00 s"],
  [59_994, "60.0 s"],
  [60_000, "1m 00s"],
  [125_400, "2m 05s"],
  [3_725_000, "1h 02m 05s"],
  [-12.345, "-12.3 ms"],
])("%d ms is %s", (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

test.each([
  [showBytes(null), "–"],
  [showBytes(512), "512 B"],
  [showBytes(1_500), "1.5 kB"],
  [showCount(1_234_567), "1,234,567"],
  [showCount(999), "999"],
  [showCount(null), "–"],
  [showNumber(0.0421), "0.042"],
  [showNumber(12.34), "12.3"],
  [showNumber(12_345.6), "12,346"],
  [showNumber(-1), "-1"],
  [showShare(null), "–"],
  [showShare(0), "0%"],
  [showShare(0.000_01), "<0.01%"],
  [showShare(0.999_99), ">99.99%"],
  [showShare(1), "100%"],
  [showShare(0.0512), "5.12%"],
  [showText(" a\u001b[31m\r\nb\u0007\u202ec "), "a [31m b c"],
  [clipText("状态是二百", 7), "状态是…"],
  [clipText("abc", 3), "abc"],
  [clipText("👨‍👩‍👧 family", 6), "👨‍👩‍👧 fa…"],
])("%s", (shown, text) => {
  expect(shown).toBe(text);
});

test("a table leaves out columns, then cuts the first", () => {
  const columns = [
    { title: "name", align: "left" },
    { title: "count", align: "right" },
    { title: "less", align: "right", drop: 1 },
  ] as const;
  const rows = [
    [{ text: "接口一" }, { text: "1" }, { text: "22222" }],
    [{ text: "a-very-long-step-name" }, { text: "333" }],
  ];
  const lay = (width: number) => layTable(columns, rows, width, (text) => text);
  expect(lay(80)).toEqual([
    "name                   count   less",
    "接口一                     1  22222",
    "a-very-long-step-name    333",
  ]);
  expect(lay(28)).toEqual([
    "name                   count",
    "接口一                     1",
    "a-very-long-step-name    333",
  ]);
  expect(lay(24)).toEqual(["name               count", "接口一                 1", "a-very-long-step…    333"]);
});
