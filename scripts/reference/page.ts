import { readFileSync, writeFileSync } from "node:fs";
import { createProgram } from "../../src/cli/program.ts";
import { addClusterCommands } from "../../src/cli/cluster-program.ts";
import { createTerminal } from "../../src/cli/terminal.ts";
import { createJsonSchema } from "../../src/definition/json-schema.ts";
import { createDocument } from "../../src/master/api/document/create-document.ts";
import { routes } from "../../src/master/api/routes.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import { printApi } from "./print-api.ts";
import { printCommands } from "./print-commands.ts";
import { printWorkflow } from "./print-workflow.ts";
import { chinese, english, type Language } from "./language.ts";

const begin = "<!-- reference: npm run docs -->";
const end = "<!-- end of reference -->";

/** The references that are generated, each in any language. */
export const references: readonly (readonly [name: string, print: (language: Language) => string])[] = [
  ["api", (language) => printApi(createDocument(routes, ""), language)],
  ["cli", (language) => printCommands(listCommands(), language)],
  ["workflow", (language) => printWorkflow(createJsonSchema() as JsonObject, language)],
];

/** The pages with one, and what makes it. */
export const referencePages: Readonly<Record<string, () => string>> = Object.fromEntries(
  references.flatMap(([name, print]) => [
    [`docs/${name}.md`, () => print(english)],
    [`docs/${name}.zh-CN.md`, () => print(chinese)],
  ]),
);

function listCommands(): ReturnType<typeof createProgram> {
  return createProgram("", createTerminal(true), () => undefined, addClusterCommands);
}

function locate(page: string): URL {
  return new URL(`../../${page}`, import.meta.url);
}

export function readPage(page: string): string {
  return readFileSync(locate(page), "utf8");
}

/** A page with its reference as it should be; the rest is as it stands. */
export function renewPage(page: string): string {
  const text = readPage(page);
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${page} lacks the lines ${begin} and ${end}`);
  return `${text.slice(0, from)}${begin}\n\n${referencePages[page]?.() ?? ""}\n${text.slice(to)}`;
}

export function writePage(page: string): void {
  writeFileSync(locate(page), renewPage(page));
}
