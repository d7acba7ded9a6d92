import { readFileSync, writeFileSync } from "node:fs";
import { writeTable } from "./configuration-table.ts";

// Writes the table of keys into docs/configuration.md; a test tells when it is out of date.
const file = new URL("../docs/configuration.md", import.meta.url);
const [before = "", , after = ""] = readFileSync(file, "utf8").split(/(<!-- keys -->\n[^]*<!-- end of keys -->)/);
writeFileSync(file, `${before}<!-- keys -->\n\n${writeTable()}\n\n<!-- end of keys -->${after}`);
