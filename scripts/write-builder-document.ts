import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { printBuilderDocument } from "./builder-document.ts";

// Writes src/builder/document.ts; a test tells when it is out of date.
const file = fileURLToPath(new URL("../src/builder/document.ts", import.meta.url));
writeFileSync(file, printBuilderDocument());
execFileSync("npx", ["biome", "format", "--write", file], { stdio: "ignore" });
