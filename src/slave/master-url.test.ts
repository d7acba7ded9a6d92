import { expect, test } from "vitest";
import { EngineError } from "../errors.ts";
import { readMasterUrls } from "./master-url.ts";

test.each([
  ["localhost", ["ws://localhost:8080/api/v1/link"], ["http://localhost:8080"]],
  ["10.0.0.1:9000", ["ws://10.0.0.1:9000/api/v1/link"], ["http://10.0.0.1:9000"]],
  ["http://master", ["ws://master/api/v1/link"], ["http://master"]],
  ["https://master:8443/", ["wss://master:8443/api/v1/link"], ["https://master:8443"]],
  ["[::1]:8080, wss://b", ["ws://[::1]:8080/api/v1/link", "wss://b/api/v1/link"], ["http://[::1]:8080", "https://b"]],
])("%s is dialled at %s", (text, links, shown) => {
  const urls = readMasterUrls(text);
  expect(urls.map(({ link }) => link)).toEqual(links);
  expect(urls.map((url) => url.shown)).toEqual(shown);
});

test.each(["", "a,,b", "ftp://x", "http://", "http://a/path", "a b", "http://a:99999"])(
  "%j is no address of a master",
  (text) => {
    expect(() => readMasterUrls(text)).toThrow(EngineError);
    expect(() => readMasterUrls(text)).toThrow(/no address of a master: give HOST:PORT/);
  },
);
