import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { importText } from "../../../test/support/imported.ts";
import { readCurlWords } from "./curl-options.ts";
import { splitCommands } from "./split-commands.ts";

const quotings: readonly ((word: string) => string)[] = [
  (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  (word) => `"${word.replaceAll(/[$`"\\]/g, "\\$&")}"`,
  (word) => `$'${word.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`,
];
const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\u0000"));

test("words come back as they were, however a shell quotes them", () => {
  const list = fc.array(fc.tuple(word, fc.constantFrom(...quotings)), { minLength: 1 });
  fc.assert(
    fc.property(
      fc.array(list, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(" ", "  ", " \\\n "),
      (commands, gap) => {
        const text = commands
          .map((words) => words.map(([each, quote]) => quote(each)).join(gap))
          .join("\n# a comment\n");
        expect(splitCommands(text).map(({ words }) => words)).toEqual(
          commands.map((words) => words.map(([each]) => each)),
        );
      },
    ),
  );
});

describe("a shell's text", () => {
  test.each([
    ["a b;c & d", [["a", "b"], ["c"], ["d"]]],
    [`a'b'"c"$'\\x41\\101\\u00e9\\n'`, [["abcAAé\n"]]],
    ["a \\\r\n b", [["a", "b"]]],
    ['"a\\qb\\"c"', [['a\\qb"c']]],
    ["a#b #c", [["a#b"]]],
    ["''", [[""]]],
  ])("%j", (text, words) => {
    expect(splitCommands(text).map((command) => command.words)).toEqual(words);
  });
});

test("flags stand together, hold their values or come before them", () => {
  expect(readCurlWords(["-sSXPUT", "-d", "a", "--max-time=3", "-kI", "http://a.test", "--nonsense"])).toEqual([
    { name: "silent", value: "", ignored: null },
    { name: "show-error", value: "", ignored: null },
    { name: "request", value: "PUT", ignored: null },
    { name: "data", value: "a", ignored: null },
    { name: "max-time", value: "3", ignored: null },
    { name: "insecure", value: "", ignored: null },
    { name: "head", value: "", ignored: null },
    { name: null, value: "http://a.test", ignored: null },
    { name: "--nonsense", value: "", ignored: "an unknown flag" },
  ]);
});

test("files beside the source are bodies, parts and certificates", async () => {
  const files: Readonly<Record<string, string>> = { "a.txt": "x\ny", "c.pem": "-----BEGIN CERTIFICATE-----" };
  const text =
    "curl http://a.test -d @a.txt; curl http://a.test --data-binary @a.txt; curl http://a.test -F f=@a.txt --cacert c.pem -d @no";
  const imported = await importText("curl", text, {
    readBytes: (name) => (files[name] === undefined ? null : Buffer.from(files[name])),
  });
  expect(imported.yaml).toMatch(/body: xy\n/);
  expect(imported.yaml).toMatch(/x\n\s+y\n/);
  expect(imported.yaml).toMatch(/multipart:\n\s+f:\n\s+file: a.txt\n/);
  expect([...imported.files.keys()]).toEqual(["c.pem", "a.txt"]);
  expect(imported.leftOut).toContainEqual({
    what: "the file no",
    where: "line 1",
    why: "it is not beside the source, or no UTF-8 text",
  });
});

test("a body of any bytes is a file; a part without its file is left out", async () => {
  const bytes = Buffer.from([0xff, 0, 0xfe]);
  const text =
    "curl http://a.test --data-binary @p.png -H 'content-type: image/png'\n" +
    "curl http://a.test -F 'p=@sub/p.png;type=image/png;filename=\"x y.png\"' -F t=1 -F t=2 -F gone=@gone.bin";
  const readBytes = (name: string) => (name.endsWith("p.png") ? bytes : null);
  const { workflow, files, leftOut, problems } = await importText("curl", text, { readBytes });
  const configs = (workflow["steps"] as { config: object }[]).map(({ config }) => config);
  expect(configs).toMatchObject([
    { method: "POST", headers: { "content-type": "image/png" }, body: { file: "p.png" } },
    { method: "POST", multipart: { p: { file: "x y.png", content_type: "image/png" }, t: ["1", "2"] } },
  ]);
  expect([...files.keys()]).toEqual(["p.png", "x y.png"]);
  expect(leftOut.map(({ what }) => what)).toEqual(["the file gone.bin of the field gone"]);
  expect(problems).toEqual([]);
});

test("secrets, files and fields keep their names: one for the same content, a number for another", async () => {
  const { server } = certificates;
  const pem = (name: string) => readFileSync(name === "a/c.pem" ? server.cert : server.key);
  const text =
    "curl http://a.test -H 'x-token: a' -H 'x-token: b' -H 'X-Token: a' -H 'x_token: b' --cert a/c.pem --key b/c.pem\n" +
    "curl http://a.test -F 'f=1;filename=f.txt' -F 'f=2;filename=f.txt' -F 'f=1;filename=f.txt' -F g=1";
  const { workflow, files, secrets, problems } = await importText("curl", text, { readBytes: pem });
  expect(problems).toEqual([]);
  const configs = (workflow["steps"] as { config: object }[]).map(({ config }) => config);
  expect(configs).toMatchObject([
    {
      headers: {
        "x-token": ["${secret.X_TOKEN}", "${secret.X_TOKEN_2}", "${secret.X_TOKEN}"],
        x_token: "${secret.X_TOKEN_2}",
      },
      tls: { cert: "c.pem", key: "c_2.pem" },
    },
    {
      multipart: {
        f: [{ file: "f.txt" }, { file: "f_2.txt", name: "f.txt" }, { file: "f.txt" }],
        g: "1",
      },
    },
  ]);
  expect(secrets).toEqual(["X_TOKEN", "X_TOKEN_2"]);
  expect([...files.keys()]).toEqual(["c.pem", "c_2.pem", "f.txt", "f_2.txt"]);
});
