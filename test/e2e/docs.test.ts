import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadInput } from "../../src/cli/load-input.ts";
import { repository } from "../support/command.ts";
import { listBlocks, readParts, replaceBodies } from "../support/doc-page.ts";
import { followPage } from "../support/doc-session.ts";

const docs = join(repository, "docs");
const pages = readdirSync(docs, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .sort();
const read = (page: string): string => readFileSync(join(docs, page), "utf8");
const chinese = (page: string): string => page.replace(/\.md$/, ".zh-CN.md");
const followed = pages.filter((page) => !page.endsWith(".zh-CN.md") && readParts(read(page)).length > 0);

const all = mkdtempSync(join(tmpdir(), "workflow-engine-docs-"));
afterAll(() => rmSync(all, { recursive: true, force: true }), 300_000);

/** WRITE_DOCS=1 puts what is printed into the pages where it is another; look at what it wrote. */
const writes = process.env["WRITE_DOCS"] === "1";

describe("followed as they stand, pages print what they show", () => {
  test.concurrent.each(followed)(
    "docs/%s",
    async (page) => {
      const text = read(page);
      const parts = readParts(text);
      const differences = await followPage(parts, mkdtempSync(join(all, "page-")));
      if (writes) {
        const bodies = parts.map(
          ({ body }, index) => differences.find((each) => each.index === index)?.printed ?? body,
        );
        writeFileSync(join(docs, page), replaceBodies(text, parts, bodies));
        const other = read(chinese(page));
        writeFileSync(join(docs, chinese(page)), replaceBodies(other, readParts(other), bodies));
      }
      expect(differences).toEqual([]);
    },
    400_000,
  );
});

test.each(followed)("the Chinese page beside docs/%s shows the same commands, files and output", (page) => {
  const essence = (name: string) =>
    readParts(read(name)).map(({ kind, name: of, tag, body }) => ({ kind, of, tag, body }));
  expect(essence(chinese(page))).toEqual(essence(page));
});

test.each(pages.filter((page) => !page.endsWith(".zh-CN.md")))("docs/%s stands in Chinese too", (page) => {
  expect(pages).toContain(chinese(page));
});

test("links between pages and files lead somewhere", () => {
  const broken: string[] = [];
  for (const page of [...pages.map((each) => `docs/${each}`), "README.md", "README.zh-CN.md"]) {
    const folder = join(repository, dirname(page));
    const text = readFileSync(join(repository, page), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:|^#/.test(target)) continue;
      const path = decodeURIComponent(target.split("#")[0] ?? "");
      try {
        readdirSync(join(folder, path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOTDIR") broken.push(`${page}: ${target}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

/** Blocks that are whole workflows. */
const workflows = pages.flatMap((page) =>
  listBlocks(read(page), "yaml").flatMap(({ body, line }) => {
    const value = parse(body) as unknown;
    const isWorkflow = typeof value === "object" && value !== null && ("steps" in value || "scenarios" in value);
    return isWorkflow ? [{ at: `docs/${page}:${line}`, body, page }] : [];
  }),
);

test.each(workflows)("the workflow at $at is valid", async ({ body, page }) => {
  const folder = mkdtempSync(join(all, "page-"));
  // The files that they name.
  for (const name of ["data", "flow", "grpc", "http"])
    cpSync(join(repository, "examples", name), folder, { recursive: true });
  for (const { kind, name, body: text } of readParts(read(page))) {
    if (kind === "file") writeFileSync(join(folder, name), text);
  }
  writeFileSync(join(folder, "shown.yaml"), body);
  // What `validate` does; a command for each of them would be a minute of nothing but starts.
  const { loaded } = await loadInput(join(folder, "shown.yaml"), {}, {}, "warning");
  const problems = "problems" in loaded ? loaded.problems : [];
  expect(problems.filter(({ severity }) => severity !== "warning")).toEqual([]);
});

test.each(["README.md", "README.zh-CN.md"])("docs/%s names every page", (index) => {
  const isChinese = index.includes("zh-CN");
  const text = read(index);
  const missing = pages.filter(
    (page) => page.endsWith(".zh-CN.md") === isChinese && page !== index && !text.includes(`](${page})`),
  );
  expect(missing).toEqual([]);
});
