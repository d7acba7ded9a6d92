import { describe, expect, test } from "vitest";
import { importText } from "../../test/support/imported.ts";
import { importCurl } from "./curl/import-curl.ts";
import { splitCommands } from "./curl/split-commands.ts";
import type { ImportFormat } from "./formats.ts";

const deepJson = (key: string): string => `${`{"${key}":`.repeat(50_000)}1${"}".repeat(50_000)}`;
const k6 = (body: string): string => `import http from "k6/http"; export default function () { ${body} }`;
const jmx = (body: string): string =>
  `<jmeterTestPlan><hashTree><TestPlan testname="a"/><hashTree>${body}</hashTree></hashTree></jmeterTestPlan>`;

describe("hostile sources end with a message", () => {
  const sources: readonly (readonly [what: string, format: ImportFormat, text: string, message: RegExp])[] = [
    ["a deep HAR", "har", deepJson("log"), /nested deeper than 100 levels/],
    ["a deep collection", "postman", deepJson("item"), /nested deeper than 100 levels/],
    ["a deep description", "openapi", deepJson("paths"), /nested deeper than 100 levels/],
    ["deep YAML", "openapi", `a: ${"[".repeat(50_000)}`, /deep/],
    [
      "a bomb of aliases",
      "openapi",
      `a: &a [x, x]\n${Array.from("bcdefghijklmnopqrstuvwxy")
        .map((key, at) => `${key}: &${key} [*${"abcdefghijklmnopqrstuvwx"[at]}, *${"abcdefghijklmnopqrstuvwx"[at]}]`)
        .join("\n")}`,
      /values|alias/,
    ],
    [
      "an entity bomb",
      "jmx",
      '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><jmeterTestPlan><hashTree>&b;</hashTree></jmeterTestPlan>',
      /document type/,
    ],
    ["an outer entity", "jmx", '<!DOCTYPE l SYSTEM "file:///etc/passwd"><jmeterTestPlan/>', /document type/],
    [
      "a deep plan",
      "jmx",
      jmx("<GenericController/><hashTree>".repeat(5_000) + "</hashTree>".repeat(5_000)),
      /nested deeper than 100 levels|not XML/,
    ],
    ["a deep script", "k6", k6(`${"(".repeat(100_000)}1${")".repeat(100_000)}`), /nested deeper/],
    ["a long sum", "k6", k6(`http.get(${"'a' + ".repeat(20_000)}'b')`), /nested/],
    ["a long chain", "k6", k6(`a${".b".repeat(30_000)}()`), /nested|no request/],
    [
      "folders that make a workflow too deep",
      "postman",
      JSON.stringify({
        item: Array.from({ length: 40 }).reduce<object[]>((item) => [{ item }], [{ request: "http://a" }]),
      }),
      /what is made of it is nested deeper than 100 levels/,
    ],
    ["an endless quote", "curl", `curl '${"a".repeat(100_000)}`, /never closed/],
  ];
  test.each(sources)("%s", async (_what, format, text, message) => {
    await expect(importText(format, text)).rejects.toThrow(message);
  });
});

test("a command of a very long line is cut in one go", () => {
  expect(splitCommands(`curl ${"'a' ".repeat(200_000)}`)[0]?.words.length).toBe(200_001);
});

describe("32 times the parts cost about 32 times the work, not a thousand times", () => {
  const kinds: readonly (readonly [what: string, write: (at: number) => string])[] = [
    ["headers of one name", (at) => `-H 'x-a: v${at}'`],
    ["headers of as many names", (at) => `-H 'x-a${at}: v'`],
    ["secret headers of one name", (at) => `-H 'x-token: v${at}'`],
    ["secret headers of as many names", (at) => `-H 'x-${at}-token: v${at}'`],
    ["fields of one name", (at) => `-F a=${at}`],
    ["files of one name", (at) => `-F 'a=${at};filename=f.txt'`],
  ];
  test.each(kinds)("%s", (_what, write) => {
    const options = { name: "a", thinkTimes: true, cookies: false, include: [], exclude: [], tags: [] };
    // The process's own time: what others take of the machine is not counted.
    const measure = (count: number): number => {
      const text = `curl http://a.test ${Array.from({ length: count }, (_each, at) => write(at)).join(" ")}`;
      const before = process.cpuUsage();
      importCurl(text, { ...options, readBytes: () => null });
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const best = (count: number): number => Math.min(...Array.from({ length: 3 }, () => measure(count)));
    const few = best(500);
    // Between the two there is room for a collector that runs, and code that is not compiled yet.
    expect(best(16_000) / few).toBeLessThan(200);
  });
});

test("references in a circle end, and outer ones are not followed", async () => {
  const schemas = {
    A: { $ref: "#/components/schemas/B" },
    B: { $ref: "#/components/schemas/A" },
    C: { type: "object", properties: { c: { $ref: "#/components/schemas/C" }, d: { type: "integer" } } },
  };
  const post = (schema: string): object => ({
    post: { requestBody: { content: { "application/json": { schema: { $ref: schema } } } } },
  });
  const paths = {
    "/a": post("#/components/schemas/A"),
    "/c": post("#/components/schemas/C"),
    "/e": { $ref: "http://evil.test/x.yaml" },
    "/f": post("file:///etc/passwd"),
  };
  const { yaml, problems, leftOut } = await importText(
    "openapi",
    JSON.stringify({ openapi: "3.1.0", servers: [{ url: "http://a.test/v1" }], paths, components: { schemas } }),
  );
  expect(problems).toEqual([]);
  expect(yaml).toMatch(/url: \/v1\/c\n\s+json:\n\s+d: 1\n/);
  expect(leftOut).toContainEqual({
    what: "the path /e",
    where: "http://evil.test/x.yaml",
    why: "only references within the document are followed",
  });
});

test("more steps than are written are left out and counted", async () => {
  const { yaml, leftOut, problems } = await importText("curl", "curl http://a.test/\n".repeat(6_500));
  expect(problems).toEqual([]);
  expect(yaml.match(/type: http/g)).toHaveLength(5_000);
  expect(leftOut.at(-1)).toEqual({ what: "500 more", where: "the source", why: "the list is at its limit" });
}, 90_000);

test("what looks like a template in a source is none", async () => {
  const text = `curl 'http://a.test/\${env.HOME}' -H 'x: \${secret.A}' -d 'a=%24%7Benv.HOME%7D' -d 'b=1'`;
  const { yaml, problems } = await importText("curl", text);
  expect(problems).toEqual([]);
  expect(yaml).toContain("/$${env.HOME}");
  expect(yaml).toContain("x: $${secret.A}");
  expect(yaml).toContain("a: $${env.HOME}");
});

test("swagger 2 and collections of 2.0 are read too", async () => {
  const swagger = {
    swagger: "2.0",
    host: "a.test",
    basePath: "/v2",
    schemes: ["https"],
    consumes: ["application/x-www-form-urlencoded"],
    securityDefinitions: { key: { type: "apiKey", in: "header", name: "X-Key" } },
    security: [{ key: [] }],
    paths: {
      "/p/{id}": {
        put: {
          parameters: [
            { name: "id", in: "path", type: "integer", required: true },
            { name: "n", in: "formData", type: "string", required: true },
          ],
        },
      },
    },
  };
  const { workflow, problems } = await importText("openapi", JSON.stringify(swagger));
  expect(problems).toEqual([]);
  expect(workflow).toMatchObject({
    variables: { base_url: "https://a.test" },
    steps: [{ config: { method: "PUT", url: "/v2/p/1", form: { n: "text" }, headers: { "x-key": "${secret.KEY}" } } }],
  });
  const old = {
    info: { name: "Old", schema: "https://schema.getpostman.com/json/collection/v2.0.0/collection.json" },
    item: [
      {
        name: "one",
        request: {
          method: "GET",
          url: "http://a.test/x",
          auth: { type: "basic", basic: { username: "u", password: "p" } },
        },
      },
    ],
  };
  const collection = await importText("postman", JSON.stringify(old));
  expect(collection.problems).toEqual([]);
  expect(collection.workflow["steps"]).toMatchObject([
    { config: { url: "/x", auth: { basic: { username: "u", password: "${secret.PASSWORD}" } } } },
  ]);
});

describe("credentials in what is left out are hidden", () => {
  const url = "ftp://ann:hun@ter2@shop.test/x?Access_Token=hunter2&page=2";
  const har = { log: { entries: ["http://a.test/", url].map((each) => ({ request: { method: "GET", url: each } })) } };
  test.each([
    ["har", JSON.stringify(har)],
    ["curl", `curl http://a.test/\ncurl '${url}'`],
  ] as const)("%s", async (format, text) => {
    const { yaml, leftOut } = await importText(format, text);
    expect(`${yaml}${JSON.stringify(leftOut)}`).not.toMatch(/ter2/);
    expect(leftOut.map(({ what }) => what)).toEqual([expect.stringContaining("ftp://***@shop.test/x")]);
  });

  test("a script of Postman stays as it is, and what may be a secret in it is told", async () => {
    const exec = ["const apiKey = 'hunter2', page = 'x';", "pm.variables.set('access_token', \"hunter2\");"];
    const item = [{ request: "http://a.test/", event: [{ listen: "prerequest", script: { exec } }] }];
    const { leftOut } = await importText("postman", JSON.stringify({ info: { name: "x" }, item }));
    expect(leftOut.map(({ what }) => what)).toEqual([
      "hiding `apiKey` in the prerequest script",
      "hiding `access_token` in the prerequest script",
    ]);
  });
});
