import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository, runCommand } from "../support/command.ts";
import { copyUnhurried, makeUnhurried } from "../support/patient-example.ts";
import { createFolder, writeTemporary } from "../support/workflows.ts";

const pages = ["README.md", "README.zh-CN.md"];

/** The fenced blocks of a page with this language, or none (``). */
function listBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(repository, page), "utf8");
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, tag, body = ""]) =>
    tag === language ? [body] : [],
  );
}

test.each(pages)("the workflows of %s run against the demo target", async (page) => {
  const blocks = listBlocks(page, "yaml");
  expect(blocks.length).toBe(1);
  for (const block of blocks) {
    const file = writeTemporary("readme.yaml", makeUnhurried(block));
    const { code, stderr } = await runCommand(["run", file, "--demo-target", "-i", "20", "-q"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
});

test.each(pages)("%s shows what validate prints", async (page) => {
  const shown = listBlocks(page, "").find((block) => block.startsWith("$ ./workflow-engine validate")) ?? "";
  const folder = createFolder();
  const broken =
    'options:\n  vus: 5\n  duraton: 10s\nsteps:\n  - id: a\n    type: http\n    config: { url: "http://localhost:8080/", metod: POST }\n';
  writeFileSync(join(folder, "broken.yaml"), broken);
  const { code, stdout, stderr } = await runCommand(["validate", "broken.yaml"], { cwd: folder });
  expect(code).toBe(104);
  expect(stdout + stderr).toBe(shown.split("\n").slice(1).join("\n"));
});

test.each(pages)("the first command of %s passes, and its summary has the lines shown", async (page) => {
  const [command = ""] = listBlocks(page, "sh");
  expect(command.trim()).toBe("./workflow-engine run examples/quickstart.yaml --demo-target");
  const [, ...words] = command.trim().split(" ");
  const args = [...words.map((word) => (word.endsWith(".yaml") ? copyUnhurried(word) : word)), "-i", "40"];
  const { code, stdout } = await runCommand(args);
  expect(code).toBe(0);
  const labels = (text: string) => text.split("\n").map((line) => line.trim().split(/\s{2,}/)[0] ?? "");
  const shown = listBlocks(page, "").find((block) => block.includes("THRESHOLDS")) ?? "";
  for (const label of [
    "THRESHOLDS",
    "CHECKS",
    "STEPS",
    "TIMES",
    "TOTALS",
    "✓ http_req_failed",
    "http_req_duration",
    "http_reqs",
  ]) {
    expect(labels(shown)).toContain(label);
    expect(labels(stdout)).toContain(label);
  }
});
