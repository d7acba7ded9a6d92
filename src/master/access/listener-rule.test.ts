import { expect, test } from "vitest";
import type { Arrival } from "../../came-by.ts";
import type { KeyRole } from "./identity.ts";
import { createListenerRule, describeOpenListener } from "./listener-rule.ts";

function ask(
  peer: string,
  headers: Record<string, string> = {},
  options: { host?: string; hosts?: string[]; origins?: string[]; authenticated?: boolean; role?: KeyRole } = {},
): string | null {
  const { role = "viewer", ...more } = options;
  const rule = createListenerRule({ host: "0.0.0.0", hosts: [], origins: [], authenticated: false, ...more });
  const socket = { remoteAddress: peer };
  return rule({ headers: { host: "127.0.0.1:8080", ...headers }, socket } as unknown as Arrival, role)?.code ?? null;
}

test.each([
  ["loopback", "127.0.0.1", null],
  ["loopback by IPv6", "::1", null],
  ["a private network", "10.1.2.3", null],
  ["the last address of 172.16/12", "172.31.255.255", null],
  ["the address after it", "172.32.0.0", "auth_required"],
  ["a private network as a mapped address", "::ffff:192.168.1.5", null],
  ["a link-local address with its zone", "fe80::1%eth0", null],
  ["a unique local address", "fd12::1", null],
  ["a public address", "8.8.8.8", "auth_required"],
  ["a public address as a mapped one", "::ffff:8.8.8.8", "auth_required"],
  ["a public IPv6 address", "2001:4860::1", "auth_required"],
  ["nobody", "", "auth_required"],
])("a peer on %s (%s): %s", (_name, peer, code) => {
  expect(ask(peer)).toBe(code);
});

test.each([
  ["10.0.0.1, 192.168.0.7", null],
  ["10.0.0.1:4711, [fd00::1]:80", null],
  ["8.8.8.8", "auth_required"],
  ["10.0.0.1, 8.8.8.8", "auth_required"],
  ["unknown", "auth_required"],
  ["999.1.1.1", "auth_required"],
])("hops %s: %s", (hops, code) => {
  expect(ask("127.0.0.1", { "x-forwarded-for": hops })).toBe(code);
});

test("a listener on loopback asks no peer where it comes from", () => {
  expect(ask("8.8.8.8", { "x-forwarded-for": "8.8.8.8" }, { host: "127.0.0.1" })).toBe(null);
  expect([describeOpenListener("localhost"), describeOpenListener("::1")]).toEqual([null, null]);
  expect(describeOpenListener("0.0.0.0")).toContain("without authentication");
});

test.each([
  ["localhost", { origin: "http://localhost:5173" }, null],
  ["loopback", { origin: "http://127.0.0.1" }, null],
  ["the master itself", { origin: "http://10.0.0.5:8080", host: "10.0.0.5:8080" }, null],
  ["a foreign page", { origin: "https://evil.example" }, "forbidden"],
  ["a page that begins like localhost", { origin: "http://localhost.evil.example" }, "forbidden"],
  ["a page without an origin", { origin: "null" }, "forbidden"],
  ["a name that was pointed here", { origin: "http://evil.example", host: "evil.example" }, "forbidden"],
  ["a page read under such a name", { "sec-fetch-site": "same-origin", host: "evil.example" }, "forbidden"],
  ["a page's own GET, which has no origin where it is no https", { host: "evil.example" }, "forbidden"],
  ["a name typed by hand", { "sec-fetch-site": "none", host: "master.example" }, "forbidden"],
  ["a program by such a name", { host: "master.example:8080", "user-agent": "curl/8" }, "forbidden"],
  ["a name that begins like an address", { host: "127.0.0.1.evil.example" }, "forbidden"],
  ["nobody knows what", { host: "" }, "forbidden"],
  ["a program by IPv6", { host: "[::1]:8080" }, null],
  ["a program by localhost", { host: "LOCALHOST:8080" }, null],
])("a request of %s %j: %s", (_name, headers, code) => {
  expect(ask("127.0.0.1", headers)).toBe(code);
});

test("configured names and origins are taken", () => {
  const options = { hosts: ["Master.example"], origins: ["https://board.example"] };
  expect(ask("127.0.0.1", { origin: "https://board.example", host: "master.example:8080" }, options)).toBe(null);
  expect(ask("127.0.0.1", { origin: "https://other.example", host: "master.example:8080" }, options)).toBe("forbidden");
  expect(ask("127.0.0.1", { host: "MASTER.example" }, options)).toBe(null);
});

test("slaves come by any name; a page that calls what they call does not", () => {
  const host = "master.example.com:8080";
  expect(ask("10.0.0.1", { host }, { role: "slave" })).toBe(null);
  expect(ask("10.0.0.1", { host, origin: `http://${host}` }, { role: "slave" })).toBe("forbidden");
  expect(ask("8.8.8.8", { host }, { role: "slave" })).toBe("auth_required");
});

test("with keys it does not matter where a peer is; pages of foreign origins are still not answered", () => {
  const options = { authenticated: true };
  expect(ask("8.8.8.8", { "x-forwarded-for": "1.1.1.1" }, options)).toBe(null);
  expect(ask("8.8.8.8", { origin: "https://m.example", host: "m.example" }, options)).toBe(null);
  expect(ask("8.8.8.8", { origin: "https://evil.example", host: "m.example" }, options)).toBe("forbidden");
});
