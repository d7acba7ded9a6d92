import { expect, test } from "vitest";
import { listHops } from "./came-by.ts";

test.each([
  [{}, []],
  [{ "x-forwarded-for": "10.0.0.1, 8.8.8.8:99,," }, ["10.0.0.1", "8.8.8.8:99"]],
  [{ "x-real-ip": " 8.8.8.8 " }, ["8.8.8.8"]],
  [{ forwarded: "for=192.0.2.60;proto=http;by=203.0.113.43" }, ["192.0.2.60"]],
  [{ forwarded: 'For="[2001:db8:cafe::17]:4711"' }, ["[2001:db8:cafe::17]:4711"]],
  [
    { forwarded: "for=192.0.2.43, for=198.51.100.17;by=x,proto=https; for = unknown" },
    ["192.0.2.43", "198.51.100.17", "unknown"],
  ],
  [{ forwarded: 'host="for=10.0.0.1";for=_hidden' }, ["_hidden"]],
  [{ forwarded: 'x=";for=",for=8.8.8.8;y="' }, ["8.8.8.8"]],
  [
    { forwarded: "proto=https;forth=1", "x-forwarded-for": "10.0.0.1", "x-real-ip": "10.0.0.2" },
    ["10.0.0.1", "10.0.0.2"],
  ],
])("%j came by %j", (headers, hops) => {
  expect(listHops({ headers })).toEqual(hops);
});

test("quotes that nobody closes hide nothing", () => {
  const forwarded = `${';for="'.repeat(2_700)}8.8.8.8`;
  expect(listHops({ headers: { forwarded } })).toEqual(["8.8.8.8"]);
});
