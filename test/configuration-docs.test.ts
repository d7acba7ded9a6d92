import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { listRows, writeTable } from "../scripts/configuration-table.ts";

const read = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");

test("docs/configuration.md has every key, as the shape has it (else: node scripts/write-configuration-docs.ts)", () => {
  expect(read("configuration.md")).toContain(`<!-- keys -->\n\n${writeTable()}\n\n<!-- end of keys -->`);
});

test("docs/configuration.zh-CN.md has the same keys, defaults and variables, and says what each does", () => {
  const rows = [...read("configuration.zh-CN.md").matchAll(/^\| `(.+?)` \| (.+?) \| (?:`(.+?)`)? ?\| (.+) \|$/gm)];
  expect(rows.map(([, key, standard, variable]) => [key, standard, variable ?? ""])).toEqual(
    listRows().map(({ key, standard, variable }) => [key, standard, variable]),
  );
  for (const [, key, , , what] of rows) expect(what, key).toMatch(/\p{Script=Han}.*。$/u);
});
