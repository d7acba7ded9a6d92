import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");

/** What everybody may import. */
const leaves = ["errors.ts", "quantity.ts", "address.ts", "came-by.ts", "target-rule.ts", "protocol/"];

/** The table of ARCHITECTURE.md: the first row whose pattern matches a file says what else it may import. */
const rows: readonly (readonly [files: RegExp, ...mayImport: string[]])[] = [
  [/^(errors|quantity|address|came-by|target-rule)\.ts$|^protocol\//],
  [/^executors\/([^/]+)\/spec\.ts$|^flow\/([^/]+)\/spec\.ts$/, "expression/", "driver/message-match.ts"],
  [/^step-specs\.ts$/, "executors/*/spec.ts", "flow/*/spec.ts"],
  [/^step-executors\.ts$/, "executors/*/executor.ts", "measure/recorder.ts"],
  [/^(builder|expression|document|data|store|client|demo|measure|plan)\//],
  [/^config\//, "document/"],
  [/^import\//, "document/", "expression/"],
  [
    /^definition\//,
    "document/",
    "data/encoding.ts",
    "data/read-columns.ts",
    "step-specs.ts",
    "expression/",
    "measure/catalog.ts",
    "measure/threshold.ts",
  ],
  [/^http\//, "measure/recorder.ts", "expression/text.ts", "expression/template.ts"],
  [/^driver\//, "http/", "measure/recorder.ts", "expression/pattern.ts"],
  [/^executors\//, "expression/", "http/", "driver/", "measure/recorder.ts"],
  [/^flow\//, "step-executors.ts", "expression/", "data/", "measure/"],
  [/^run\//, "plan/", "flow/", "data/", "measure/"],
  [/^cluster\//, "plan/", "measure/"],
  [/^(report|outputs)\//, "measure/"],
  [/^local\//, "definition/", "plan/", "run/", "cluster/", "slave/", "report/", "outputs/", "measure/"],
  [/^slave\//, "run/", "measure/", "cluster/"],
  [/^master\//, "definition/", "plan/", "measure/", "cluster/", "report/", "outputs/", "store/", "config/"],
  [/^index\.ts$/, "builder/", "local/", "client/", "definition/"],
  [/^cli\//, ""],
];

/** Where `process` may be touched: the command line, entries of threads and processes, the generator's own watch, the clock's source. */
const mayTouchProcess = /^cli\/|\/thread\.ts$|\/main\.ts$|^run\/(generator-watch|system-time)\.ts$/;

interface Import {
  readonly file: string;
  readonly line: number;
  readonly target: string;
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), "utf8")]));
const imports = files.flatMap((file) => readImports(file, texts.get(file) ?? ""));

function readImports(file: string, text: string): Import[] {
  const found: Import[] = [];
  const pattern = /^(?:import|export)\s(?:[^;"']*?)from\s+["'](\.[^"']*)["']|\bimport\(\s*["'](\.[^"']*)["']/gm;
  for (const match of text.matchAll(pattern)) {
    const target = match[1] ?? match[2] ?? "";
    found.push({
      file,
      line: text.slice(0, match.index).split("\n").length,
      target: posix.normalize(posix.join(posix.dirname(file), target)),
    });
  }
  return found;
}

/** `*` stands for one name; an entry that ends with `/` allows everything below it; the empty entry allows all. */
function matchesEntry(target: string, entry: string): boolean {
  const pattern = entry.replaceAll(".", "\\.").replaceAll("*", "[^/]+");
  return new RegExp(entry === "" || entry.endsWith("/") ? `^${pattern}` : `^${pattern}$`).test(target);
}

/** A module's own folder; executors and flow types are folders of their own inside theirs. */
function isOwn(file: string, target: string): boolean {
  const depth = file.startsWith("executors/") ? 2 : 1;
  if (file.split("/").length <= depth) return false;
  const own = file.split("/").slice(0, depth).join("/");
  return target.startsWith(`${own}/`);
}

function isAllowed({ file, target }: Import): boolean {
  if (leaves.some((leaf) => matchesEntry(target, leaf)) || isOwn(file, target)) return true;
  const row = rows.find(([pattern]) => pattern.test(file));
  return row?.slice(1).some((entry) => typeof entry === "string" && matchesEntry(target, entry)) ?? false;
}

test("every file of src has a row in the table", () => {
  expect(files.filter((file) => !rows.some(([pattern]) => pattern.test(file)))).toEqual([]);
});

test("imports go only where the table allows", () => {
  const broken = imports.filter((entry) => !isAllowed(entry));
  expect(broken.map((entry) => `src/${entry.file}:${entry.line} must not import src/${entry.target}`)).toEqual([]);
});

test("imports name files that exist, with their extension", () => {
  const missing = imports.filter((entry) => !texts.has(entry.target));
  expect(missing.map((entry) => `src/${entry.file}:${entry.line} imports src/${entry.target}`)).toEqual([]);
});

test("no circle of imports", () => {
  expect(findCircles()).toEqual([]);
});

/** Depth-first; a file met again on its own way closes a circle. Imports of types count too: they tie files for their readers. */
function findCircles(): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" -> "));
    if (done.has(file) || way.includes(file)) return;
    for (const next of imports) {
      if (next.file === file) visit(next.target, [...way, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return circles;
}

test("process is touched only by the command line, thread and process entries, the generator's watch and the clock's source", () => {
  const touches = files
    .filter((file) => !mayTouchProcess.test(file))
    .flatMap((file) =>
      (texts.get(file) ?? "").split("\n").flatMap((line, index) => {
        const code = line.replace(/^\s*(\/\/|\/?\*).*$/, "");
        return /\bprocess\.\w|from "node:process"/.test(code) ? [`src/${file}:${index + 1}: ${line.trim()}`] : [];
      }),
    );
  expect(touches).toEqual([]);
});
