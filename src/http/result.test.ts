import { describe, expect, test } from "vitest";
import { parseUrl } from "./url.ts";
import { read } from "../protocol/step.ts";
import type { Draft } from "./draft.ts";
import { HttpResult } from "./result.ts";

const url = parseUrl("http://host/path?q=1");
if (url === null) throw new Error("a URL expected");
const draft: Draft = { method: "GET", url, names: [], lines: [], cookies: "", body: null };

function makeResult(
  body: string | readonly number[] | null,
  headers: string[] = [],
  code: string | null = null,
): HttpResult {
  const failure = code === null ? null : { code, message: "m" };
  const bytes = body === null ? null : typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
  return new HttpResult(failure, false, 12.5, 200, headers, bytes, draft, null);
}

test("expressions see the six fields and nothing else", () => {
  const result = makeResult('{"a":[1]}', ["x-a", "1", "x-b", "2", "x-a", "3"]);
  expect(result[read]("status_code")).toBe(200);
  expect(result[read]("body")).toBe('{"a":[1]}');
  expect(result[read]("headers")).toEqual({ "x-a": "1, 3", "x-b": "2" });
  expect(Object.getPrototypeOf(result[read]("headers"))).toBeNull();
  expect(result[read]("duration")).toBe(12.5);
  expect(result[read]("output")).toEqual({ a: [1] });
  expect(result[read]("error_code")).toBe(0);
  for (const key of ["failure", "text", "constructor", "__proto__"]) expect(result[read](key)).toBeUndefined();
});

test("error_code is k6's number, or the text of the others", () => {
  expect(makeResult(null, [], "1212")[read]("error_code")).toBe(1212);
  expect(makeResult(null, [], "http_503")[read]("error_code")).toBe("http_503");
});

test("a header named like a method of objects is a header", () => {
  const result = makeResult(null, ["__proto__", "x", "constructor", "y"]);
  expect(result[read]("headers")).toHaveProperty("constructor", "y");
  expect(result.header("__proto__")).toEqual(["x"]);
});

describe("text", () => {
  test.each([
    ["text/plain; charset=latin1", [0xe9], "é"],
    ["text/html;charset=GBK", [0xd6, 0xd0, 0xce, 0xc4], "中文"],
    ["text/html", [...Buffer.from('<meta charset="gb2312">\xd6\xd0', "latin1")], '<meta charset="gb2312">中'],
    [
      "text/html",
      [...Buffer.from("<META http-equiv=x content='text/html; charset=big5'>\xa4\xa4", "latin1")],
      "<META http-equiv=x content='text/html; charset=big5'>中",
    ],
    ["text/html", [...Buffer.from("<meta charset=utf-16>é", "utf8")], "<meta charset=utf-16>é"],
    ["text/html; charset=utf-8", [...Buffer.from("<meta charset=gbk>é", "utf8")], "<meta charset=gbk>é"],
    ["application/json", [...Buffer.from('{"a":"<meta charset=gbk>é"}', "utf8")], '{"a":"<meta charset=gbk>é"}'],
    [
      "text/xml",
      [...Buffer.from('<?xml version="1.0" encoding="GBK"?><a>\xd6\xd0</a>', "latin1")],
      '<?xml version="1.0" encoding="GBK"?><a>中</a>',
    ],
    ["text/plain; charset=gbk", [0xef, 0xbb, 0xbf, 0xc3, 0xa9], "é"],
    ["text/plain", [0xff, 0xfe, 0x2d, 0x4e], "中"],
    ["text/plain", [0xfe, 0xff, 0x4e, 0x2d], "中"],
    ["text/plain; charset=shift_jis", [0x93, 0xfa, 0x96, 0x7b], "日本"],
    ['text/html; charset="utf-8"', "中文", "中文"],
    ["text/html; charset=unheard-of", "é", "é"],
    ["text/plain", "\ufeffé", "é"],
    ["text/plain", [0x61, 0xff], "a\ufffd"],
  ])("%s", (type, body, text) => {
    expect(makeResult(body, ["content-type", type]).text()).toBe(text);
  });

  test("no body is empty text and no JSON", () => {
    expect([makeResult(null).text(), makeResult(null).json(), makeResult(null)[read]("output")]).toEqual([
      "",
      undefined,
      null,
    ]);
  });
});

describe("json", () => {
  test.each([
    ['{"a":1}', { a: 1 }],
    [" [1,2]\n", [1, 2]],
    ["null", null],
    ['"x"', "x"],
    ["-1.5", -1.5],
    ["true", true],
    ["<html>", undefined],
    ["{broken", undefined],
    ["", undefined],
    [
      '{"id":12345678901234567890,"f":1.2345678901234567,"e":1e400}',
      {
        id: 12345678901234567890n,
        f: 1.2345678901234567,
        e: Number.POSITIVE_INFINITY,
      },
    ],
    ['{"id":"12345678901234567890"}', { id: "12345678901234567890" }],
  ])("%s", (text, value) => {
    expect(makeResult(text).json()).toEqual(value);
  });

  test("is parsed once", () => {
    const result = makeResult("[]");
    expect(result.json()).toBe(result.json());
  });
});

test("target is the request line's URL; empty when none could be made", () => {
  expect(makeResult(null).target).toBe("GET http://host/path?q=1");
  expect(new HttpResult(null, false, 0, 0, null, null, null, null).target).toBe("");
});

test("the last of several cookies of a name is the cookie", () => {
  const result = makeResult(null, ["set-cookie", "a=1; Path=/", "set-cookie", "a=2", "set-cookie", "b=x=y; Secure"]);
  expect([result.cookie("a"), result.cookie("b"), result.cookie("c")]).toEqual(["2", "x=y", undefined]);
});
