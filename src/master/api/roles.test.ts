import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startApiServer } from "../../../test/support/api-server.ts";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { allows, type KeyRole } from "../access/identity.ts";
import type { ApiKey } from "../access/key-ring.ts";
import { openAccess } from "../access/settings.ts";
import type { Role } from "./route.ts";
import { routes } from "./routes.ts";

const roles: readonly KeyRole[] = ["viewer", "operator", "admin", "slave"];
const keys: readonly ApiKey[] = roles.map((role) => ({
  name: `the ${role}`,
  key: `key-of-the-${role}`,
  keyHash: null,
  role,
  expiresAt: null,
}));

/** Every way to call a route: each method under each path, and what more it needs with a flag. */
const calls = Object.entries(routes).flatMap(([name, route]) =>
  [route.url, ...(route.alias === undefined ? [] : [route.alias])].flatMap((url) => {
    const path = url.replace(":name", "a.txt").replace(/:\w+/g, "nobody");
    const isWebSocket = "webSocket" in route;
    const flags = "adminFlags" in route ? (route.adminFlags ?? []) : [];
    const methods = route.method === "GET" && !isWebSocket ? ["GET", "HEAD"] : [route.method];
    const plain = methods.map((method) => ({ name, method, path, role: route.role as Role, isWebSocket }));
    const raised = flags.map((flag) => ({
      name: `${name} with ${flag}`,
      method: route.method,
      path: `${path}?${flag}=true`,
      role: "admin" as Role,
      isWebSocket,
    }));
    return [...plain, ...raised];
  }),
);

/** The status of the first line of the answer to an upgrade. */
async function upgrade(port: number, path: string, key: string | null): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const head = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...(key === null ? [] : [`X-API-Key: ${key}`]),
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(first.toString())?.[1]);
}

test.each(calls)("$method $path ($name): the roles that may are those that the table names", async (wanted) => {
  const { method, path, role: needed, isWebSocket } = wanted;
  const { call, port } = await startApiServer({
    access: { ...openAccess, keys },
    acceptLink: (_request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  });
  const ask = async (key: string | null): Promise<number> =>
    isWebSocket
      ? upgrade(port, path, key)
      : (await call(method, path, { headers: key === null ? {} : { "x-api-key": key } })).status;
  const answers = await Promise.all([
    ask(null),
    ask("key-of-nobody"),
    ...roles.map((role) => ask(`key-of-the-${role}`)),
  ]);
  const mayOpenly = needed === "anyone";
  const expected = [
    mayOpenly ? "answered" : "401",
    mayOpenly ? "answered" : "401",
    ...roles.map((role) => (allows(role, needed) ? "answered" : "403")),
  ];
  expect(answers.map((status) => (status === 401 || status === 403 ? String(status) : "answered"))).toEqual(expected);
});

test("what is not there, and a method that is not taken, are nobody's business without a key", async () => {
  const { call } = await startApiServer({ access: { ...openAccess, keys } });
  for (const [method, path, status] of [
    ["GET", "/api/v1/nothing", 404],
    ["GET", "/", 404],
    ["PUT", "/api/v1/executions", 405],
    ["OPTIONS", "/api/v1/executions", 405],
    ["GET", "/api/v1//executions", 404],
    ["GET", "/API/V1/executions", 404],
    ["GET", "/api/v1/health%2f..%2fexecutions", 404],
  ] as const) {
    expect([path, (await call(method, path)).status]).toEqual([path, 401]);
    const headers = { "x-api-key": "key-of-the-viewer" };
    expect([path, (await call(method, path, { headers })).status]).toEqual([path, status]);
  }
});

test("who somebody is, by a key of either header", async () => {
  const { call } = await startApiServer({ access: { ...openAccess, keys } });
  const me = await call("GET", "/api/v1/auth/me", { headers: { "x-api-key": "key-of-the-operator" } });
  expect(me).toMatchObject({ status: 200, body: { name: "the operator", role: "operator" } });
  const bearer = await call("GET", "/api/v1/auth/me", { headers: { authorization: "Bearer key-of-the-viewer" } });
  expect(bearer).toMatchObject({ status: 200, body: { name: "the viewer", role: "viewer" } });
  const nobody = await call("GET", "/api/v1/auth/me");
  expect(nobody).toMatchObject({
    status: 401,
    body: { error: "unauthorized", message: "this master answers only with a key", hint: expect.any(String) },
  });
  expect(nobody.headers.get("www-authenticate")).toBe("Bearer");
  const open = await startApiServer();
  expect((await open.call("GET", "/api/v1/auth/me")).body).toEqual({ name: "anonymous", role: "admin" });
});

test("a ticket opens one stream, and no more", async () => {
  const { call, port } = await startApiServer({ access: { ...openAccess, keys } });
  const headers = { "x-api-key": "key-of-the-viewer" };
  const { body } = await call("POST", "/api/v1/auth/ticket", { headers });
  const path = `/api/v1/executions/live/ws?ticket=${(body as { readonly ticket: string }).ticket}`;
  expect((await call("GET", path)).status).toBe(401);
  expect([await upgrade(port, path, null), await upgrade(port, path, null)]).toEqual([101, 401]);
});

test("a page of an allowed origin asks without a key whether it may send one", async () => {
  const { call } = await startApiServer({ access: { ...openAccess, keys } });
  const origin = "http://localhost:5173";
  const preflight = await call("OPTIONS", "/api/v1/executions", { headers: { origin } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("X-API-Key, Authorization");
  const answer = await call("GET", "/api/v1/executions", { headers: { origin } });
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([401, origin]);
  const foreign = { origin: "https://evil.example", "x-api-key": "key-of-the-admin" };
  expect((await call("GET", "/api/v1/executions", { headers: foreign })).body).toMatchObject({ error: "forbidden" });
  expect((await call("OPTIONS", "/api/v1/executions", { headers: { origin: foreign.origin } })).status).toBe(403);
});

test("floods of requests, headers and parameters have their answers", async () => {
  const clock = createTurnedClock();
  const { call, port } = await startApiServer({ clock, config: "server: {address: 127.0.0.1:0, rate_limit: 20}" });
  const flood = async ([url, ...headers]: readonly string[]): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    const head = [`GET ${url} HTTP/1.1`, "Host: 127.0.0.1", "Connection: close", ...headers];
    socket.end(`${head.join("\r\n")}\r\n\r\n`);
    return text(socket);
  };
  const headers = Array.from({ length: 3_000 }, () => "a:");
  expect(await flood(["/api/v1/slaves", ...headers, "X-Forwarded-For: 8.8.8.8"])).toMatch(
    /^HTTP\/1\.1 400 .*takes 100 at most/s,
  );
  expect(
    await flood(["/api/v1/slaves", ...Array.from({ length: 9 }, (_, at) => `x-${at}: ${"y".repeat(2_000)}`)]),
  ).toMatch(/^HTTP\/1\.1 431 /);
  expect(await flood([`/api/v1/slaves?${"a=1&".repeat(51)}`])).toMatch(/^HTTP\/1\.1 400 .*takes 50 at most/s);
  const answers = await Promise.all(Array.from({ length: 60 }, () => call("GET", "/api/v1/slaves")));
  const late = answers.filter(({ status }) => status === 429);
  // Twice the rate may come at once; those before have taken some of it.
  expect(late.length).toBeGreaterThanOrEqual(20);
  expect(late.length).toBeLessThan(60);
  expect(late[0]?.body).toMatchObject({ error: "rate_limited" });
  expect(late[0]?.headers.get("retry-after")).toBe("1");
  expect((await call("GET", "/health")).status).toBe(200);
});
