import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printBuilderDocument } from "../scripts/builder-document.ts";
import { repository } from "./support/command.ts";

test("the builder's types say what loading accepts (else: npm run schema)", () => {
  const file = join(repository, "src", "builder", "document.ts");
  const biome = join(repository, "node_modules", ".bin", "biome");
  const made = execFileSync(biome, ["format", `--stdin-file-path=${file}`], {
    cwd: repository,
    input: printBuilderDocument(),
    encoding: "utf8",
  });
  expect(readFileSync(file, "utf8")).toBe(made);
});
