import { expect, test } from "vitest";
import { CookieJar } from "./cookie-jar.ts";
import { parseUrl } from "./url.ts";

function url(text: string) {
  const parsed = parseUrl(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

const createJar = () => new CookieJar(Date.now);

test("cookies go back by host, path and scheme", () => {
  const jar = createJar();
  jar.add(url("https://a.example.com/x/y"), "host=1");
  jar.add(url("https://a.example.com/x/y"), "wide=2; Domain=example.com; Path=/");
  jar.add(url("https://a.example.com/x/y"), "safe=3; Secure; Path=/");
  expect(jar.header(url("https://a.example.com/x/z?q=1"))).toBe("host=1; wide=2; safe=3");
  expect(jar.header(url("http://a.example.com/x/z"))).toBe("host=1; wide=2");
  expect(jar.header(url("https://b.example.com/"))).toBe("wide=2");
  expect(jar.header(url("https://example.org/"))).toBe("");
  expect(jar.value(url("https://a.example.com/x/"), "wide")).toBe("2");
});

test.each(["http://localhost/", "http://shop/", "http://127.0.0.1:8080/", "http://[::1]/"])(
  "%s may set cookies",
  (text) => {
    const jar = createJar();
    jar.add(url(text), "a=1; Path=/");
    expect(jar.header(url(text))).toBe("a=1");
  },
);

test("malformed, foreign and far too wide cookies are ignored", () => {
  const jar = createJar();
  for (const text of ["", ";", "a=1; Domain=other.com", "b=1; Domain=com"]) jar.add(url("http://a.example.com/"), text);
  expect(jar.header(url("http://a.example.com/"))).toBe("");
});

test("a cookie that ran out is not sent, though its header was remembered", () => {
  let wall = Date.now();
  const jar = new CookieJar(() => wall);
  const at = url("http://h/");
  jar.add(at, "a=1; Max-Age=60");
  jar.add(at, "b=2");
  jar.add(at, `c=3; Expires=${new Date(wall + 90_000).toUTCString()}`);
  expect(jar.header(at)).toBe("a=1; b=2; c=3");
  wall += 50_000;
  expect(jar.header(at)).toBe("a=1; b=2; c=3");
  wall += 11_000;
  expect(jar.header(at)).toBe("b=2; c=3");
  wall += 30_000;
  expect(jar.header(at)).toBe("b=2");
  jar.add(at, "b=; Max-Age=0");
  expect(jar.header(at)).toBe("");
});

test("a newer cookie replaces what was remembered", () => {
  const jar = createJar();
  const at = url("http://h/");
  jar.add(at, "a=1");
  expect(jar.header(at)).toBe("a=1");
  jar.add(at, "a=2");
  expect(jar.header(at)).toBe("a=2");
});

test("the same Set-Cookie again takes effect again after another of its name", () => {
  const jar = createJar();
  const at = url("http://h/");
  const seen: string[] = [];
  for (const text of [
    "a=1; Path=/",
    "a=1; Path=/",
    "a=2; Path=/",
    "a=1; Path=/",
    "a=; Path=/; Max-Age=0",
    "a=1; Path=/",
  ]) {
    jar.add(at, text);
    seen.push(jar.header(at));
  }
  expect(seen).toEqual(["a=1", "a=1", "a=2", "a=1", "", "a=1"]);
});

test("the same Set-Cookie from another path is another cookie", () => {
  const jar = createJar();
  jar.add(url("http://h/x/y"), "a=1");
  jar.add(url("http://h/z/y"), "a=1");
  expect([jar.header(url("http://h/x/")), jar.header(url("http://h/z/")), jar.header(url("http://h/"))]).toEqual([
    "a=1",
    "a=1",
    "",
  ]);
});

test("a clone lives its own life", () => {
  const jar = createJar();
  const at = url("http://h/");
  jar.add(at, "a=1");
  const clone = jar.clone();
  clone.add(at, "b=2");
  jar.add(at, "a=3");
  expect([jar.header(at), clone.header(at)]).toEqual(["a=3", "a=1; b=2"]);
});

test("many paths do not grow the memory of headers without bound", () => {
  const jar = createJar();
  jar.add(url("http://h/"), "a=1; Path=/");
  for (let i = 0; i < 1_000; i++) expect(jar.header(url(`http://h/${i}`))).toBe("a=1");
});
