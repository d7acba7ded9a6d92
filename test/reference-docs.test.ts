import { expect, test } from "vitest";
import { chinese } from "../scripts/reference/language.ts";
import { readPage, referencePages, renewPage } from "../scripts/reference/page.ts";

test.each(Object.keys(referencePages))("%s says what the program takes and answers (else: npm run docs)", (page) => {
  expect(readPage(page)).toBe(renewPage(page));
});

test("types read in Chinese; values and fields stay", () => {
  expect(chinese.sayType('list of whole number 0.. or "text" or {time: time, count?: number}')).toBe(
    '列表 整数 0.. 或 "text" 或 {time: 时间, count?: 数字}',
  );
});
