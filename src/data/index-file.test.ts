import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, expect, it, test } from "vitest";
import { EngineError } from "../errors.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { indexFile } from "./index-file.ts";
import { openRowReader } from "./row-reader.ts";

const folder = mkdtempSync(join(tmpdir(), "rows-"));
afterAll(() => rmSync(folder, { recursive: true }));

const csv: Feeder = {
  name: "users",
  file: "users.csv",
  format: "csv",
  mode: "sequential",
  per: "iteration",
  onEnd: "recycle",
  delimiter: ",",
  encoding: "utf-8",
};

async function readAll(bytes: string | Uint8Array, fields: Partial<Feeder> = {}): Promise<unknown[]> {
  const feeder = { ...csv, ...fields };
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  const index = await indexFile(feeder, path);
  const reader = openRowReader(feeder, path, index);
  try {
    return Array.from({ length: index.rows }, (_, row) => ({ ...reader.read(row) }));
  } finally {
    reader.close();
  }
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error("it did not fail"),
    (cause: unknown) => cause,
  );
  if (error instanceof EngineError) return `${error.code}: ${error.message}`;
  throw error;
}

const gbk = (text: string): Buffer => Buffer.from(text, "latin1");
/** A character whose second byte looks like a bar. */
const barSign = new TextDecoder("gbk").decode(gbk("\x81\x7c"));

it.each<[sentence: string, bytes: string | Uint8Array, rows: unknown[], fields?: Partial<Feeder>]>([
  [
    "a last line needs no end",
    "a,b\n1,2\n3,4",
    [
      { a: "1", b: "2" },
      { a: "3", b: "4" },
    ],
  ],
  ["lines may end as on Windows", "a,b\r\n1,2\r\n", [{ a: "1", b: "2" }]],
  ["a byte order mark is no part of the first column", "\uFEFFa,b\n1,2\n", [{ a: "1", b: "2" }]],
  [
    "quotes hold delimiters, line ends and quotes",
    'a,b\n"1,""x""","y\nz"\n2,3\n',
    [
      { a: '1,"x"', b: "y\nz" },
      { a: "2", b: "3" },
    ],
  ],
  ["empty lines are left out", "a\n\n1\n\r\n2\n\n", [{ a: "1" }, { a: "2" }]],
  ["empty fields are empty texts", "a,b\n,\n", [{ a: "", b: "" }]],
  ["another delimiter", "a;b\n1;2,3\n", [{ a: "1", b: "2,3" }], { delimiter: ";" }],
  [
    "columns with the names of an object's own parts",
    "__proto__,constructor\n1,2\n",
    [JSON.parse('{"__proto__":"1","constructor":"2"}')],
  ],
  ["GBK", gbk("\xc3\xfb,\xb3\xc7\n\xd5\xc5\xc8\xfd,\x81\x7c\n"), [{ 名: "张三", 城: barSign }], { encoding: "gbk" }],
  [
    "GBK with a delimiter that is also a second byte",
    gbk("a|b\n\x81\x7c|2\n"),
    [{ a: barSign, b: "2" }],
    { encoding: "gbk", delimiter: "|" },
  ],
  ["ndjson", '{"a":1}\n\n{"a":{"b":[2]}}', [{ a: 1 }, { a: { b: [2] } }], { format: "ndjson" }],
  [
    "a JSON list",
    ' [ {"a":"]}\\""},\n{"a":9007199254740993} ] ',
    [{ a: ']}"' }, { a: 9007199254740993n }],
    { format: "json" },
  ],
])("%s", async (_, bytes, rows, fields) => {
  expect(await readAll(bytes, fields)).toEqual(rows);
});

it.each<[sentence: string, bytes: string | Uint8Array, failure: string, fields?: Partial<Feeder>]>([
  [
    "rows with too few and too many fields",
    "a,b\n1\n1,2\n1,2,3\n",
    "invalid_workflow: users.csv:2: has 1 fields, the header has 2; users.csv:4: has 3 fields, the header has 2",
  ],
  [
    "a line of ndjson that was cut off",
    '{"a":1}\n\n{"a":2\n{"a":3}\n',
    "invalid_workflow: users.csv:3: the line is no object; it takes one a line: {…}",
    { format: "ndjson" },
  ],
  ["a header alone", "a,b\n", "invalid_workflow: `users.csv` holds no rows"],
  ["nothing", "", "invalid_workflow: `users.csv` holds no rows"],
  [
    "a quote that is never closed",
    'a\n1\n"2\n3\n',
    "invalid_workflow: users.csv:3: a quoted field that begins in this row is never closed",
  ],
  [
    "a quote in the middle",
    'a\n1"2\n',
    'invalid_workflow: users.csv:2: a quote stands inside a field that does not begin with one; write the field as "…" with "" for a quote',
  ],
  [
    "something after a quote",
    'a\n"1"2\n',
    'invalid_workflow: users.csv:2: something follows the closing quote of a field; write "" for a quote inside it',
  ],
  ["a column twice", "a,a\n1,2\n", "invalid_workflow: users.csv:1: the header has the column `a` twice"],
  ["a column without a name", "a,\n1,2\n", "invalid_workflow: users.csv:1: column 2 of the header has no name"],
  [
    "another encoding",
    gbk("a\n\xd5\xc5\n"),
    "template: users.csv, row 1: it is not utf-8 text; say what it is: `encoding: gbk`",
  ],
  [
    "JSON that is no list",
    '{"a":1}',
    "invalid_workflow: users.csv:1: it does not begin with a list; it takes a list of objects: [{…}, {…}]",
    { format: "json" },
  ],
  [
    "a JSON list of texts",
    '["a"]',
    "invalid_workflow: users.csv:1: something in the list is no object, or a comma is missing; it takes a list of objects: [{…}, {…}]",
    { format: "json" },
  ],
  [
    "a JSON list that is cut off",
    '[{"a":1}',
    "invalid_workflow: users.csv:1: the list is never closed; it takes a list of objects: [{…}, {…}]",
    { format: "json" },
  ],
  [
    "a line of ndjson that is no object",
    "[1]\n",
    "invalid_workflow: users.csv:1: the line is no object; it takes one a line: {…}",
    { format: "ndjson" },
  ],
])("%s: a clear problem", async (_, bytes, failure, fields) => {
  expect(await failureOf(readAll(bytes, fields))).toBe(failure);
});

test("what csv is written with is what is read, wherever the pieces of the file end", async () => {
  const field = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('"', ",", "\n", "\r\n", '""', " ", "张三", "é"));
  const records = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(records, fc.constantFrom("\n", "\r\n"), async (rows, end) => {
      const write = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = ["a,b", ...rows.map((row) => row.map(write).join(","))].join(end);
      expect(await readAll(text)).toEqual(rows.map(([a, b]) => ({ a, b })));
      expect(parse(text, { columns: true })).toEqual(rows.map(([a, b]) => ({ a, b })));
    }),
    { numRuns: 200 },
  );
});

test("any text is read as csv-parse reads it, or refused where it refuses it", async () => {
  const piece = fc.oneof(
    fc.constantFrom('"', ",", "\n", "\r\n", '""', "a", "b", " ", "é"),
    fc.string({ maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      // A lone carriage return is a line end to csv-parse alone.
      const text = `a,b\n${pieces.join("").replaceAll(/\r(?!\n)/g, "")}\n`;
      let expected: unknown[] | null;
      try {
        expected = parse(text, { columns: true, skip_empty_lines: true, record_delimiter: ["\n", "\r\n"] });
      } catch {
        expected = null;
      }
      const read = await readAll(text).catch(() => null);
      if (expected !== null && expected.length > 0) expect(read).toEqual(expected);
      else expect(read).toBe(null);
    }),
    { numRuns: 2_000 },
  );
});

test("rows far apart are read by their number, in any order", async () => {
  const count = 30_000;
  const text = ["n,text", ...Array.from({ length: count }, (_, at) => `${at},${"x".repeat(at % 97)}`)].join("\n");
  const path = join(folder, "many");
  writeFileSync(path, text);
  const feeder: Feeder = { ...csv, mode: "random" };
  const index = await indexFile(feeder, path);
  expect(index.rows).toBe(count);
  const reader = openRowReader(feeder, path, index);
  for (let step = 0, row = 7; step < 5_000; step++, row = (row * 7_919 + 13) % count) {
    expect({ ...reader.read(row) }).toEqual({ n: String(row), text: "x".repeat(row % 97) });
  }
  reader.close();
});
