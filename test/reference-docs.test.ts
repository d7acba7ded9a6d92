import { expect, test } from "vitest";
import { chinese, english, translations } from "../scripts/reference/language.ts";
import { readPage, referencePages, references, renewPage } from "../scripts/reference/page.ts";

test.each(Object.keys(referencePages))("%s says what the program takes and answers (else: npm run docs)", (page) => {
  expect(readPage(page)).toBe(renewPage(page));
});

test("every text of the references has a Chinese one, which names the same fields and values; no other is kept", () => {
  const used = new Set<string>();
  const say = (text: string): string => {
    if (text !== "") used.add(text);
    return text;
  };
  for (const [, print] of references) print({ ...english, say });
  expect([...used].filter((text) => translations[text] === undefined)).toEqual([]);
  expect(Object.keys(translations).filter((text) => !used.has(text))).toEqual([]);
  const listCodes = (text: string): string[] => [...new Set(text.match(/`[^`]+`/g))].toSorted();
  for (const text of used) expect(listCodes(translations[text] ?? ""), text).toEqual(listCodes(text));
  // What is neither prose nor said otherwise in Chinese.
  const same = [...used].filter((text) => !/\p{Script=Han}/u.test(translations[text] ?? ""));
  expect(same.filter((text) => !/^(OpenAPI 3\.1|CSS|0\.\.1|counter: count, .*)$/.test(text))).toEqual([]);
});

test("types read in Chinese; values and fields stay", () => {
  expect(chinese.sayType('list of whole number 0.. or "text" or {time: time, count?: number}')).toBe(
    '列表 整数 0.. 或 "text" 或 {time: 时间, count?: 数字}',
  );
});
