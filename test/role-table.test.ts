import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { insertRoleTable } from "../scripts/role-table.ts";
import { repository } from "./support/command.ts";

test.each(["access.md", "access.zh-CN.md"])(
  "the table of roles in docs/%s is the code's (npm run role-table)",
  (name) => {
    const text = readFileSync(join(repository, "docs", name), "utf8");
    expect(insertRoleTable(text)).toBe(text);
  },
);
