import { readFileSync, writeFileSync } from "node:fs";
import { insertRoleTable } from "./role-table.ts";

// Writes the table of roles and routes into docs/access.md and its Chinese sibling; a test tells when it is out of date.
for (const name of ["access.md", "access.zh-CN.md"]) {
  const file = new URL(`../docs/${name}`, import.meta.url);
  writeFileSync(file, insertRoleTable(readFileSync(file, "utf8")));
}
