import { expect, test } from "vitest";
import { isRedirect, keepsCredentials, redirectMethod, resolveLocation } from "./redirect.ts";
import { parseUrl, printUrl } from "./url.ts";

function url(text: string) {
  const parsed = parseUrl(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

test("statuses with a Location to go to", () => {
  const statuses = [200, 300, 301, 302, 303, 304, 305, 307, 308, 400];
  expect(statuses.filter(isRedirect)).toEqual([301, 302, 303, 307, 308]);
});

test.each([
  [301, "GET", "GET"],
  [301, "POST", "GET"],
  [302, "POST", "GET"],
  [302, "DELETE", "DELETE"],
  [303, "DELETE", "GET"],
  [303, "HEAD", "HEAD"],
  [307, "POST", "POST"],
  [308, "PATCH", "PATCH"],
])("%i after %s: %s", (status, method, next) => {
  expect(redirectMethod(status, method)).toBe(next);
});

test.each([
  ["/x", "http://h:81/x"],
  ["x?y", "http://h:81/a/x?y"],
  ["?y", "http://h:81/a/b?y"],
  ["//other/x", "http://other/x"],
  ["https://h/", "https://h/"],
  [Buffer.from("/你好?名=1").toString("latin1"), "http://h:81/%E4%BD%A0%E5%A5%BD?%E5%90%8D=1"],
  ["/caf\u00e9", "http://h:81/caf%C3%A9"],
])("Location %s", (location, where) => {
  const to = resolveLocation(location, url("http://h:81/a/b?q=1"));
  expect(to === null ? null : printUrl(to)).toBe(where);
});

test.each(["ftp://h/", "javascript:alert(1)", "http://"])("Location %s leads nowhere", (location) => {
  expect(resolveLocation(location, url("http://h/"))).toBeNull();
});

test.each([
  ["http://h/a", "http://h/b", true],
  ["http://h/", "http://h:81/", false],
  ["http://h/", "http://sub.h/", false],
  ["http://h/", "https://h/", true],
  ["http://h:81/", "https://h/", false],
  ["https://h/", "http://h/", false],
])("credentials from %s to %s: %s", (from, to, kept) => {
  expect(keepsCredentials(url(from), url(to))).toBe(kept);
});
