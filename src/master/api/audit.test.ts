import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { type ApiServerOptions, startApiServer } from "../../../test/support/api-server.ts";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { ApiKey } from "../access/key-ring.ts";
import { openAccess } from "../access/settings.ts";

const keys: readonly ApiKey[] = [
  { name: "ci", key: "key-of-ci", keyHash: null, role: "admin", expiresAt: null },
  { name: "board", key: "key-of-board", keyHash: null, role: "viewer", expiresAt: null },
];
const ci = { "x-api-key": "key-of-ci" };
const board = { "x-api-key": "key-of-board" };

async function start(more: ApiServerOptions = {}) {
  const lines: string[] = [];
  const api = await startApiServer({
    ...more,
    access: { ...openAccess, keys },
    log: (level, message, fields?: JsonObject) => {
      const {
        name,
        role,
        action,
        target,
        outcome,
        audit,
        left_out: leftOut = "",
        forwarded_for: hops = "",
      } = fields ?? {};
      if (audit === true) lines.push([level, name, role, action, target, outcome, leftOut, hops].join(" ").trim());
      lines.push(message);
    },
  });
  return { ...api, lines };
}

test("what was done and what was refused is written down: who, in which role, what, to what, how it went", async () => {
  const { call, lines } = await start();
  const workflow = { id: "shop", steps: [{ id: "get", type: "http", config: { url: "http://127.0.0.1:1/" } }] };
  const body = JSON.stringify({ workflow, secrets: { TOKEN: "hush" } });
  await call("POST", "/api/v1/workflows", { body, headers: ci });
  await call("POST", "/api/v1/executions/live/pause", { headers: { ...ci, "x-forwarded-for": "192.0.2.7, 10.0.0.1" } });
  await call("DELETE", "/api/v1/executions/live?purge=true", { headers: ci });
  await call("POST", "/api/v1/executions/nobody/resume", { headers: ci });
  await call("POST", "/api/v1/slaves/s1/drain", { headers: board });
  await call("GET", "/api/v1/executions?limit=1&api_key=key-of-ci", {});
  await call("GET", "/api/v1/slaves", { headers: { "x-api-key": "key-of-none" } });
  await call("GET", "/api/v1/slaves", { headers: board });
  await call("GET", "/nothing", {});
  expect(lines.filter((line) => !line.startsWith("audit: "))).toEqual([
    "info ci admin submitWorkflow e1 done",
    "info ci admin pauseExecution live done  192.0.2.7, 10.0.0.1",
    "warn ci admin stopExecution purge live conflict",
    "warn ci admin resumeExecution nobody not_found",
    "warn board viewer drainSlave s1 forbidden",
    "warn unknown  listSlaves  unauthorized",
    "warn unknown  GET /nothing  unauthorized",
  ]);
  expect(lines.join("\n")).not.toMatch(/hush|key-of/);
});

test("a flood of refusals is not written down line by line; how many were left out is said", async () => {
  const clock = createTurnedClock();
  const { call, lines } = await start({ clock });
  await Promise.all(Array.from({ length: 200 }, () => call("GET", "/api/v1/slaves")));
  const warnings = () => lines.filter((line) => line.startsWith("warn"));
  expect(warnings()).toHaveLength(50);
  await clock.turn(1_000);
  await call("GET", "/api/v1/slaves");
  expect(warnings().slice(50)).toEqual(["warn unknown  listSlaves  unauthorized 150"]);
});

test("a key that is taken away is not taken any more, and what was opened by it is cut", async () => {
  const { call, server, url, lines } = await start();
  const open = (headers: Record<string, string>) =>
    new WebSocket(`${url.replace("http", "ws")}/api/v1/executions/live/ws`, { headers });
  const [byCi, byBoard] = [open(ci), open(board)];
  await Promise.all([once(byCi, "open"), once(byBoard, "open")]);
  const cut = once(byCi, "close");
  expect(() => server.renew({ ...openAccess, keys: [], tls: null })).toThrow(
    expect.objectContaining({ code: "invalid_config" }),
  );
  expect((await call("GET", "/api/v1/auth/me", { headers: ci })).status).toBe(200);
  server.renew({
    ...openAccess,
    keys: [keys[1] as ApiKey, { ...(keys[0] as ApiKey), key: "new-key-of-ci" }],
    tls: null,
  });
  await cut;
  expect(byBoard.readyState).toBe(WebSocket.OPEN);
  expect((await call("GET", "/api/v1/auth/me", { headers: ci })).status).toBe(401);
  expect((await call("GET", "/api/v1/auth/me", { headers: { "x-api-key": "new-key-of-ci" } })).status).toBe(200);
  byBoard.terminate();
  expect(lines.join("\n")).not.toMatch(/key-of/);
});

test("what a key opened is cut when the key's time is over", async () => {
  const clock = createTurnedClock();
  const expiring = { ...(keys[1] as ApiKey), expiresAt: clock.wall() + 4_000 };
  const { url, server } = await startApiServer({ clock, access: { ...openAccess, keys: [expiring] } });
  const stream = new WebSocket(`${url.replace("http", "ws")}/api/v1/executions/live/ws`, { headers: board });
  await once(stream, "open");
  const cut = once(stream, "close");
  await clock.turn(5_000);
  await cut;
  expect(server.warnings).toEqual([expect.stringMatching(/^the key `board` has fewer than 16 characters/)]);
});
