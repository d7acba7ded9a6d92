import { expect, it } from "vitest";
import type { Feeder } from "../protocol/workflow.ts";
import { readColumns } from "./read-columns.ts";

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

function columnsOf(bytes: string | Uint8Array, fields: Partial<Feeder> = {}, whole = true): readonly string[] | null {
  return readColumns({ ...csv, ...fields }, typeof bytes === "string" ? Buffer.from(bytes) : bytes, whole);
}

it("gives the names of the header, without a byte order mark and spaces", () => {
  expect(columnsOf('\uFEFFname, "city"\n1,2\n'.replace(' "city"', '"ci,ty"'))).toEqual(["name", "ci,ty"]);
  expect(columnsOf(Buffer.from("\xd0\xd5\xc3\xfb\r\n\xd5\xc5\r\n", "latin1"), { encoding: "gbk" })).toEqual(["姓名"]);
  expect(columnsOf('{"a": 1}\n', { format: "ndjson" })).toBe(null);
});

it("does not mind where the beginning of a large file is cut", () => {
  expect(columnsOf(Buffer.from("名\n张").subarray(0, 6), {}, false)).toEqual(["名"]);
});

const utf16 = "`users.csv` looks like UTF-16, whose rows cannot be found; save it as UTF-8: iconv -f UTF-16 -t UTF-8";

it.each<[sentence: string, bytes: string | Uint8Array, message: string, fields?: Partial<Feeder>]>([
  ["UTF-16", Buffer.from("\uFEFFa\nb", "utf16le"), utf16],
  ["UTF-16 without a mark", Buffer.from("a,b\n", "utf16le"), utf16],
  ["UTF-16 without a mark, the large half first", Buffer.from("a,b\n", "utf16le").swap16(), utf16],
  [
    "another encoding",
    Buffer.from("a\n\xd5\xc5\n", "latin1"),
    "`users.csv` is not utf-8 text; say what it is: `encoding: gbk`",
  ],
  ["a header alone", "a,b\n", "`users.csv` holds a header and no rows"],
  ["no object", "[1]\n", "users.csv:1: the line is no object; it takes one a line: {…}", { format: "ndjson" }],
])("refuses %s", (_, bytes, message, fields) => {
  expect(() => columnsOf(bytes, fields)).toThrow(message);
});
