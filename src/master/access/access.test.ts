import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { type Access, type AccessOptions, createAccess, type Wish } from "./access.ts";
import { createAuthority } from "./certificate.ts";
import type { ApiKey } from "./key-ring.ts";

const keys: readonly ApiKey[] = (["viewer", "operator", "admin", "slave"] as const).map((role) => ({
  name: `the ${role}`,
  key: `${role}-key`,
  keyHash: null,
  role,
  expiresAt: null,
}));

interface Sent {
  readonly peer?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function make(changes: Partial<AccessOptions> = {}) {
  const clock = createTurnedClock();
  let tokens = 0;
  const access = createAccess({
    host: "0.0.0.0",
    hosts: [],
    origins: [],
    keys,
    addresses: { allow: [], deny: [] },
    clientAuth: "none",
    authority: createAuthority(),
    requestsPerSecond: 100,
    clock,
    createToken: () => `ticket-${++tokens}`,
    ...changes,
  });
  return { access, clock };
}

function request({ peer = "127.0.0.1", url = "/api/v1/executions", headers = {} }: Sent): IncomingMessage {
  const all = { host: "127.0.0.1:8080", ...headers };
  const rawHeaders = Object.entries(all).flat();
  return { url, headers: all, rawHeaders, socket: { remoteAddress: peer } } as unknown as IncomingMessage;
}

/** `name (role)`, or the error's code. */
function ask(access: Access, sent: Sent, wish: Partial<Wish> = {}): string {
  try {
    const whole: Wish = { role: "viewer", webSocket: false, ...wish };
    access.screen(request(sent), whole.role);
    const identity = access.recognize(request(sent), whole);
    access.permit(identity, whole.role);
    return `${identity.name} (${identity.role})`;
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

test.each([
  ["X-API-Key", { "x-api-key": "viewer-key" }, "the viewer (viewer)"],
  ["Bearer", { authorization: "Bearer admin-key" }, "the admin (admin)"],
  ["bearer in any case, with blanks", { authorization: "bearer   admin-key " }, "the admin (admin)"],
  ["both, the same", { "x-api-key": "admin-key", authorization: "Bearer admin-key" }, "the admin (admin)"],
  ["both, different", { "x-api-key": "viewer-key", authorization: "Bearer admin-key" }, "invalid_request"],
  ["nothing", {}, "unauthorized"],
  ["an unknown key", { "x-api-key": "viewer-keys" }, "unauthorized"],
  ["an empty key", { "x-api-key": "" }, "unauthorized"],
  ["two keys in one header", { "x-api-key": "viewer-key, admin-key" }, "unauthorized"],
  ["a key longer than any", { "x-api-key": "x".repeat(513) }, "unauthorized"],
  ["a Bearer without a key", { authorization: "Bearer" }, "unauthorized"],
  ["Basic", { authorization: "Basic dmlld2VyLWtleTo=" }, "unauthorized"],
  ["the slave's key", { "x-api-key": "slave-key" }, "forbidden"],
])("%s: %s", (_name, headers, answer) => {
  expect(ask(make().access, { headers })).toBe(answer);
});

test.each([
  ["/api/v1/executions?api_key=viewer-key", "invalid_request"],
  ["/api/v1/executions?X-API-Key=viewer-key", "invalid_request"],
  ["/api/v1/executions?limit=1&access_token=viewer-key", "invalid_request"],
  ["/api/v1/executions?%61pikey=viewer-key", "invalid_request"],
  ["/api/v1/executions?ticket=t", "unauthorized"],
  [`/api/v1/executions?${"a=1&".repeat(51)}`, "invalid_request"],
  [`/api/v1/executions?a=${"x".repeat(8_192)}`, "invalid_request"],
])("%s", (url, answer) => {
  expect(ask(make().access, { url })).toBe(answer);
  expect(ask(make({ keys: null }).access, { url })).toBe(answer === "unauthorized" ? "anonymous (admin)" : answer);
});

test("a flood of headers is refused, not cut", () => {
  const headers = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`x-${at}`, "1"]));
  expect(ask(make().access, { headers: { ...headers, "x-api-key": "viewer-key" } })).toBe("invalid_request");
});

test("a ticket is its owner for one WebSocket within 30 s", async () => {
  const { access, clock } = make();
  const identity = access.recognize(request({ headers: { "x-api-key": "viewer-key" } }), {
    role: "viewer",
    webSocket: false,
  });
  const open = (ticket: string, role: Wish["role"] = "viewer"): string =>
    ask(access, { url: `/api/v1/executions/x/ws?ticket=${ticket}` }, { webSocket: true, role });
  const ticket = access.issueTicket(identity);
  expect(ask(access, { url: `/api/v1/executions?ticket=${ticket}` })).toBe("unauthorized");
  expect(open(ticket)).toBe("the viewer (viewer)");
  expect(open(ticket)).toBe("unauthorized");
  const second = access.issueTicket(identity);
  await clock.turn(29_999);
  expect(open(second)).toBe("the viewer (viewer)");
  const third = access.issueTicket(identity);
  await clock.turn(30_000);
  expect(open(third)).toBe("unauthorized");
  expect(open("ticket-99")).toBe("unauthorized");
  expect(open(access.issueTicket(identity), "slave")).toBe("forbidden");
  const orphan = access.issueTicket(identity);
  access.renew({ keys: keys.filter(({ role }) => role !== "viewer"), addresses: { allow: [], deny: [] } });
  expect(open(orphan)).toBe("unauthorized");
  access.renew({ keys, addresses: { allow: [], deny: [] } });
  expect(open(orphan)).toBe("unauthorized");
  const first = access.issueTicket(identity);
  const others = Array.from({ length: 100 }, () => access.issueTicket(identity));
  expect([open(first), open(others[0] ?? "")]).toEqual(["unauthorized", "the viewer (viewer)"]);
});

test.each([
  ["an allowed peer", "10.1.1.1", {}, "the viewer (viewer)"],
  ["an allowed peer as a mapped address", "::ffff:10.1.1.1", {}, "the viewer (viewer)"],
  ["a peer that is not", "192.0.2.1", {}, "forbidden"],
  ["a denied one among the allowed", "10.9.1.1", {}, "forbidden"],
  ["an allowed peer with a forged hop", "192.0.2.1", { "x-forwarded-for": "10.1.1.1" }, "forbidden"],
  ["behind an allowed proxy, not allowed itself", "10.1.1.1", { "x-forwarded-for": "192.0.2.1" }, "forbidden"],
  ["with a forged hop before the true one", "10.1.1.1", { "x-forwarded-for": "10.1.1.2, 192.0.2.1" }, "forbidden"],
  ["a proxy that says it in Forwarded", "10.1.1.1", { forwarded: "for=192.0.2.1;proto=https" }, "forbidden"],
  ["a proxy that says it in X-Real-IP", "10.1.1.1", { "x-real-ip": "192.0.2.1" }, "forbidden"],
  ["hops that are allowed", "10.1.1.1", { "x-forwarded-for": "10.1.1.2:99, [2001:db8::5]:1" }, "the viewer (viewer)"],
  ["a hop that is no address", "10.1.1.1", { "x-forwarded-for": "unknown" }, "forbidden"],
  ["nobody", "", {}, "forbidden"],
])("address lists: %s", (_name, peer, more, answer) => {
  const { access } = make({ addresses: { allow: ["10.0.0.0/8", "2001:db8::/32"], deny: ["10.9.0.0/16"] } });
  expect(ask(access, { peer, headers: { "x-api-key": "viewer-key", ...more } })).toBe(answer);
});

test("without authentication: private peers are everybody, others nobody", () => {
  const { access } = make({ keys: null });
  expect(ask(access, {}, { role: "admin" })).toBe("anonymous (admin)");
  expect(ask(access, {}, { role: "slave" })).toBe("anonymous (admin)");
  expect(ask(access, { peer: "8.8.8.8" })).toBe("auth_required");
  expect(ask(access, { headers: { "x-forwarded-for": "8.8.8.8" } })).toBe("auth_required");
  expect(ask(access, { headers: { host: "evil.example" } })).toBe("forbidden");
  expect(ask(access, { headers: { host: "master.example" } }, { role: "slave" })).toBe("anonymous (admin)");
  expect(ask(access, { headers: { origin: "https://evil.example" } })).toBe("forbidden");
  expect(() => access.renew({ keys, addresses: { allow: [], deny: [] } })).toThrow(/by a new start alone/);
});

test("one address is answered so many times a second; another is not concerned", async () => {
  const { access, clock } = make({ requestsPerSecond: 10 });
  const headers = { "x-api-key": "viewer-key" };
  const answers = (count: number): number =>
    Array.from({ length: count }, () => ask(access, { headers })).filter((answer) => answer !== "rate_limited").length;
  expect(answers(100)).toBe(20);
  expect(ask(access, { peer: "10.0.0.1", headers })).toBe("the viewer (viewer)");
  await clock.turn(1_000);
  expect(answers(100)).toBe(10);
});

test("who has a whole IPv6 /64 is answered as often as eight addresses, whichever of it come", async () => {
  const { access, clock } = make({ requestsPerSecond: 10 });
  const headers = { "x-api-key": "viewer-key" };
  const answers = (name: (at: number) => string): number =>
    Array.from({ length: 500 }, (_, at) => ask(access, { peer: name(at), headers })).filter(
      (answer) => answer !== "rate_limited",
    ).length;
  expect(answers((at) => `2001:db8:0:1::${at}`)).toBe(160);
  expect(answers((at) => `2001:db8:0:1:ffff::${at}`)).toBe(0);
  expect(answers((at) => `2001:db8:0:2::${at}`)).toBe(160);
  expect(answers((at) => `::ffff:10.1.${at >> 8}.${at & 255}`)).toBe(500);
  await clock.turn(1_000);
  expect(answers((at) => `2001:db8:0:1::${at}`)).toBe(80);
});

test("a certificate is asked for where it is required", () => {
  const { access } = make({ clientAuth: "required" });
  expect(ask(access, { headers: { "x-api-key": "viewer-key" } })).toBe("unauthorized");
  expect(ask(make({ clientAuth: "optional" }).access, { headers: { "x-api-key": "viewer-key" } })).toBe(
    "the viewer (viewer)",
  );
});
