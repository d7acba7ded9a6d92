import { afterEach, beforeEach, expect, test } from "vitest";
import { createHttpSteps, type HttpSteps, type HttpTarget, startHttpTarget } from "../../../test/support/http-steps.ts";

let target: HttpTarget;
let steps: HttpSteps;

beforeEach(async () => {
  target = await startHttpTarget((_request, response) => response.end("ok"));
  steps = createHttpSteps({ baseUrl: target.url, domains: { other: `${target.url}/other/`, templated: "${host}/t" } });
});

afterEach(async () => {
  await steps.close();
  await target.close();
});

test("a plain GET carries host, user agent and accept, and nothing else", async () => {
  const result = await steps.run({ url: "/plain" });
  expect(result.failure).toBeNull();
  expect(result.text()).toBe("ok");
  expect(target.seen[0]).toMatchObject({ method: "GET", url: "/plain", body: "" });
  expect(target.seen[0]?.headers).toEqual({
    host: `127.0.0.1:${target.port}`,
    "user-agent": expect.stringMatching(/^workflow-engine\/\d+\.\d+\.\d+$/),
    accept: "*/*",
  });
});

test("a url is joined to the base URL, to a domain, or stands alone", async () => {
  const vu = steps.createVu();
  vu.variables.set("host", target.url);
  await steps.run({ url: "a" }, { vu });
  await steps.run({ url: "/b", domain: "other" }, { vu });
  await steps.run({ url: "/c", domain: "templated" }, { vu });
  await steps.run({ url: `${target.url}/d#part` }, { vu });
  await steps.run({ url: "${host}/e/${1 + 1}" }, { vu });
  expect(target.seen.map(({ url }) => url)).toEqual(["/a", "/other/b", "/t/c", "/d", "/e/2"]);
});

test("an unknown domain is a problem of the workflow", () => {
  expect(() => steps.compile({ domain: "nowhere" })).toThrow(/domain `nowhere` is not in options.http.domains/);
});

test("query fields are encoded behind what the url has", async () => {
  const vu = steps.createVu();
  vu.variables.set("term", "a&b c/é");
  await steps.run(
    {
      url: "/s?x=1",
      query: [
        ["q", "${term}"],
        ["n", "${7}"],
      ],
    },
    { vu },
  );
  await steps.run({ url: "/s", query: [["中", "文"]] }, { vu });
  expect(target.seen.map(({ url }) => url)).toEqual(["/s?x=1&q=a%26b%20c%2F%C3%A9&n=7", "/s?%E4%B8%AD=%E6%96%87"]);
});

test("filled-in paths are percent-encoded where they need it", async () => {
  const vu = steps.createVu();
  const operation = steps.compile({ url: "/items/${id}" });
  for (const id of ["1", "2 3", "ü", "../up", "4"]) {
    vu.variables.set("id", id);
    await operation(vu, Number.POSITIVE_INFINITY);
  }
  expect(target.seen.map(({ url }) => url)).toEqual(["/items/1", "/items/2%203", "/items/%C3%BC", "/up", "/items/4"]);
});

test("json bodies keep the types of templates and the digits of integers", async () => {
  const vu = steps.createVu();
  vu.variables.set("id", 12345678901234567890n);
  vu.variables.set("list", [1, "二"]);
  await steps.run(
    { method: "POST", body: { kind: "json", value: { id: "${id}", list: "${list}", text: "n ${id}" } } },
    { vu },
  );
  await steps.run({ method: "POST", body: { kind: "json", value: { a: [1, "x"] } } }, { vu });
  expect(target.seen[0]?.body).toBe('{"id":12345678901234567890,"list":[1,"二"],"text":"n 12345678901234567890"}');
  expect(target.seen[1]?.body).toBe('{"a":[1,"x"]}');
  expect(target.seen[1]?.headers).toMatchObject({ "content-type": "application/json", "content-length": "13" });
});

test("form and text bodies", async () => {
  const vu = steps.createVu();
  vu.variables.set("word", "ö");
  await steps.run(
    {
      method: "POST",
      body: {
        kind: "form",
        fields: [
          ["a b", "1&2"],
          ["c", "${word}"],
        ],
      },
    },
    { vu },
  );
  await steps.run({ method: "PUT", body: { kind: "text", text: "wörd ${word}" } }, { vu });
  await steps.run({ method: "POST" }, { vu });
  expect(target.seen[0]?.body).toBe("a+b=1%262&c=%C3%B6");
  expect(target.seen[0]?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(target.seen[1]?.body).toBe("wörd ö");
  expect(target.seen[1]?.headers["content-type"]).toBeUndefined();
  expect(target.seen[2]?.headers["content-length"]).toBe("0");
});

test("auth becomes a header; a header of the step wins; credentials of the URL count", async () => {
  const address = target.url.replace("http://", "");
  await steps.run({ auth: { basic: { username: "üser", password: "p:w" } } });
  await steps.run({ auth: { bearer: "${'t' + 1}" } });
  await steps.run({ auth: { bearer: "x" }, headers: [["authorization", "Own y"]] });
  await steps.run({ url: `http://me:s%40cret@${address}/` });
  expect(target.seen.map(({ headers }) => headers.authorization)).toEqual([
    `Basic ${Buffer.from("üser:p:w").toString("base64")}`,
    "Bearer t1",
    "Own y",
    `Basic ${Buffer.from("me:s@cret").toString("base64")}`,
  ]);
});

test("headers of the step replace the engine's own", async () => {
  await steps.run({
    method: "POST",
    headers: [
      ["user-agent", "mine"],
      ["accept", "text/html"],
      ["host", "virtual.example"],
      ["content-type", "a/b"],
      ["content-length", "99"],
    ],
    body: { kind: "json", value: 1 },
  });
  expect(target.seen[0]?.headers).toEqual({
    "user-agent": "mine",
    accept: "text/html",
    host: "virtual.example",
    "content-type": "a/b",
    "content-length": "1",
  });
});

test("a line break in a filled-in header fails the step as template, and nothing is sent", async () => {
  const vu = steps.createVu();
  vu.variables.set("evil", "x\r\nadmin: true");
  const result = await steps.run({ headers: [["x-name", "${evil}"]] }, { vu });
  expect(result.failure?.code).toBe("template");
  expect(result.failure?.message).toContain("header `x-name` holds a line break");
  expect(target.seen).toEqual([]);
  expect(steps.cut()).toEqual([]);
});

test("names that no request can carry are problems of the workflow", () => {
  expect(() => steps.compile({ headers: [["bad name", "x"]] })).toThrow(/`bad name` is no header name/);
  expect(() => steps.compile({ headers: [["transfer-encoding", "chunked"]] })).toThrow(/cannot be set/);
});

test("a missing variable fails the step as template", async () => {
  const result = await steps.run({ url: "/${nothing}" });
  expect(result.failure).toEqual({ code: "template", message: expect.stringContaining("`nothing` has no value") });
  expect(result.statusCode).toBe(0);
});

test.each(["ftp://host/", "http://", "http://ho st/", "http://host:99999/"])("%s is a bad URL: 1020", async (url) => {
  const result = await steps.run({ url });
  expect(result.failure?.code).toBe("1020");
  expect(result.failure?.message).toContain(url);
});

test("requests without changing parts are the same bytes again", async () => {
  const vu = steps.createVu();
  vu.variables.set("token", "t");
  const operation = steps.compile({ url: "/x", headers: [["x-token", "${token}"]] });
  await operation(vu, Number.POSITIVE_INFINITY);
  await operation(vu, Number.POSITIVE_INFINITY);
  vu.variables.set("token", "u");
  await operation(vu, Number.POSITIVE_INFINITY);
  expect(target.seen.map(({ headers }) => headers["x-token"])).toEqual(["t", "t", "u"]);
});

test("compressed answers are asked for only where the step wants them", async () => {
  await steps.run({ compression: true });
  await steps.run({ compression: false });
  expect(target.seen.map(({ headers }) => headers["accept-encoding"])).toEqual(["gzip, deflate, br, zstd", undefined]);
});

test("each request has a traceparent of its own; its trace id stands where errors say what they are about", async () => {
  const target = await startHttpTarget((_request, response) => response.writeHead(500).end());
  const steps = createHttpSteps({ baseUrl: target.url });
  const operation = steps.compile({ tracing: "w3c" });
  const own = steps.compile({ tracing: "w3c", headers: [["traceparent", "mine"]] });
  const vu = steps.createVu();
  const results = [await operation(vu, Number.POSITIVE_INFINITY), await operation(vu, Number.POSITIVE_INFINITY)];
  await own(vu, Number.POSITIVE_INFINITY);
  const sent = target.seen.map(({ headers }) => String(headers["traceparent"]));
  await steps.close();
  await target.close();
  expect(sent[2]).toBe("mine");
  const ids = sent.slice(0, 2).map((line) => /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(line)?.[1] ?? "");
  expect(new Set(ids).size).toBe(2);
  expect(results.map((result) => result.target)).toEqual(ids.map((id) => `GET ${target.url}/ (trace ${id})`));
});
