import { expect, test } from "vitest";
import type { Json } from "../protocol/json.ts";
import { hideCredentials } from "./hide-credentials.ts";

test.each([
  ["http://load:geheim@proxy:3128", "http://***@proxy:3128"],
  ["load:ge@heim@proxy:3128", "***@proxy:3128"],
  ["http://${env.WHO}:${secret.WORD}@proxy", "http://***@proxy"],
  ["http://proxy:3128", "http://proxy:3128"],
  ["env", "env"],
])("the proxy %s", (proxy, shown) => {
  expect(hideCredentials({ vus: 1, http: { proxy, ip: "10.0.0.1" } })).toEqual({
    vus: 1,
    http: { proxy: shown, ip: "10.0.0.1" },
  });
});

test.each<[field: string, written: Json, shown: Json]>([
  ["auth", { basic: { username: "ann", password: "geheim" } }, { basic: { username: "***", password: "***" } }],
  ["auth", { basic: { username: 4711, password: 4711 } }, { basic: { username: "***", password: "***" } }],
  ["auth", { bearer: "x${secret.TOKEN}" }, { bearer: "***" }],
  ["auth", null, null],
  [
    "headers",
    { Authorization: "Basic YTpi", Cookie: ["a=1", "b=2"], "X-API-Key": 17, author: "Ann", accept: "text/html" },
    { Authorization: "***", Cookie: ["***", "***"], "X-API-Key": "***", author: "Ann", accept: "text/html" },
  ],
  [
    "headers",
    [
      { key: "x-auth-token", value: "geheim" },
      { key: "accept", value: "*/*" },
    ],
    [
      { key: "x-auth-token", value: "***" },
      { key: "accept", value: "*/*" },
    ],
  ],
  ["query", { access_token: "geheim", page: 2 }, { access_token: "***", page: 2 }],
  ["query", { key: "geheim", page: 2 }, { key: "***", page: 2 }],
  ["params", "page=2&token=geheim&key=x", "page=2&token=***&key=***"],
  ["base_url", "https://ann:ge@heim@shop.test/a?sig=1&secret=x", "https://***@shop.test/a?sig=1&secret=***"],
  [
    "domains",
    { shop: "http://ann:geheim@shop.test", api: "http://api.test" },
    { shop: "http://***@shop.test", api: "http://api.test" },
  ],
  ["tls", { key: "keys/load.pem", cert: "load.pem" }, { key: "keys/load.pem", cert: "load.pem" }],
  ["tls", { key: "-----BEGIN PRIVATE KEY-----\nMII\n", verify: false }, { key: "***", verify: false }],
  ["tls", { key: "keys/load.pem", passphrase: "geheim" }, { key: "keys/load.pem", passphrase: "***" }],
  ["timeout", { connect: "3s" }, { connect: "3s" }],
])("http.%s %j", (field, written, shown) => {
  expect(hideCredentials({ vus: 1, http: { [field]: written } })).toEqual({ vus: 1, http: { [field]: shown } });
});

test("options without http are themselves", () => {
  const options = { vus: 1, duration: "1s" };
  expect(hideCredentials(options)).toBe(options);
});
