import { expect, test } from "vitest";
import { parseMasterUrls } from "./master-urls.ts";

test.each([
  ["http://localhost:8080", ["http://localhost:8080"]],
  ["localhost", ["http://localhost:8080"]],
  ["10.0.0.1:9090, https://master.example,", ["http://10.0.0.1:9090", "https://master.example"]],
  [":8081", ["http://localhost:8081"]],
  ["[::1]", ["http://[::1]:8080"]],
  ["http://master:80/", ["http://master"]],
  ["http://proxy/load/", ["http://proxy:8080/load"]],
])("%s names %j", (text, urls) => {
  expect(parseMasterUrls(text)).toEqual(urls);
});

test.each(["", " , ", "http://", "http://user@host", "ht tp://x", "http://host:99999", "ftp://host"])(
  "%j is refused",
  (text) => {
    expect(() => parseMasterUrls(text)).toThrowError(expect.objectContaining({ code: "invalid_usage" }));
  },
);
