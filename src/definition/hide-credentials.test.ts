import { expect, test } from "vitest";
import { hideCredentials } from "./hide-credentials.ts";

test.each([
  ["http://load:geheim@proxy:3128", "http://***@proxy:3128"],
  ["load:ge@heim@proxy:3128", "***@proxy:3128"],
  ["http://${env.WHO}:${secret.WORD}@proxy", "http://***@proxy"],
  ["http://proxy:3128", "http://proxy:3128"],
  ["env", "env"],
])("%s", (proxy, shown) => {
  expect(hideCredentials({ vus: 1, http: { proxy, ip: "10.0.0.1" } })).toEqual({
    vus: 1,
    http: { proxy: shown, ip: "10.0.0.1" },
  });
});
