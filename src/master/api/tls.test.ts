import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { Agent, request, type RequestOptions } from "node:https";
import { request as requestPlain } from "node:http";
import type { Duplex } from "node:stream";
import { json } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { startApiServer } from "../../../test/support/api-server.ts";
import type { ClientAuth } from "../access/certificate.ts";
import type { ApiKey } from "../access/key-ring.ts";
import { type ListenerTls, openAccess } from "../access/settings.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../../test/support/tls/${name}.pem`, import.meta.url), "utf8");
const ca = read("authority.cert");
const pair = (name: string) => ({ cert: read(`${name}.cert`), key: read(`${name}.key`) });
const keys: readonly ApiKey[] = [{ name: "ci", key: "key-of-ci", keyHash: null, role: "viewer", expiresAt: null }];
const listener = (clientAuth: ClientAuth): ListenerTls => ({ ...pair("server"), ca, clientAuth });

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A request with a connection of its own. */
function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    const start = protocol === "https:" ? request : requestPlain;
    const sent = start(url, { ca, agent: false, ...options }, (response) => {
      json(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    sent.on("error", reject);
    sent.end();
  });
}

const withKey = { headers: { "x-api-key": "key-of-ci" } };
const unauthorized = (message: RegExp) => ({
  status: 401,
  body: expect.objectContaining({ error: "unauthorized", message: expect.stringMatching(message) }),
});

test("HTTPS: the certificate is verified, and plain HTTP is not answered", async () => {
  const { url } = await startApiServer({ access: { ...openAccess, tls: listener("none") } });
  expect(url).toMatch(/^https:/);
  expect(await ask(`${url}/api/v1/slaves`)).toMatchObject({ status: 200, body: { total: 0 } });
  await expect(ask(`${url}/api/v1/slaves`, { ca: read("localhost.cert") })).rejects.toMatchObject({
    code: "SELF_SIGNED_CERT_IN_CHAIN",
  });
  await expect(ask(`${url.replace("https:", "http:")}/api/v1/slaves`)).rejects.toThrow();
  await expect(ask(`${url}/api/v1/slaves`, { maxVersion: "TLSv1.1", minVersion: "TLSv1" })).rejects.toThrow();
});

test.each([
  ["none", unauthorized(/^this master answers only clients that show a certificate$/)],
  ["slave", { status: 200, body: { total: 0, slaves: [] } }],
  ["expired", unauthorized(/^the certificate of the client has expired$/)],
  ["stranger", unauthorized(/is not of this master's authority/)],
])("where a certificate is required, who shows %s", async (shown, expected) => {
  const { url } = await startApiServer({ access: { ...openAccess, tls: listener("required") } });
  const certificate = shown === "none" ? {} : pair(shown);
  expect(await ask(`${url}/api/v1/slaves`, certificate)).toEqual(expected);
  expect((await ask(`${url}/api/v1/openapi.json`, certificate)).status).toBe(expected.status);
  expect((await ask(`${url}/health`, certificate)).status).toBe(200);
});

test("a certificate joins, and is no key for anything else; a wrong one is refused with every key", async () => {
  const { url } = await startApiServer({
    access: { ...openAccess, keys, tls: listener("optional") },
    acceptLink: (_request, socket) => socket.end("HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n"),
  });
  const link = { headers: { connection: "Upgrade", upgrade: "websocket" } };
  const join = async (more: RequestOptions): Promise<number> =>
    (await ask(`${url}/api/v1/link`, { ...link, ...more }).catch(() => ({ status: 204 }))).status;
  expect(await Promise.all([join(pair("slave")), join({}), join(pair("expired")), join(pair("stranger"))])).toEqual([
    204, 401, 401, 401,
  ]);
  expect(await ask(`${url}/api/v1/slaves`, pair("slave"))).toEqual(unauthorized(/answers only with a key/));
  expect((await ask(`${url}/api/v1/slaves`, withKey)).status).toBe(200);
  expect((await ask(`${url}/api/v1/slaves`, { ...withKey, ...pair("slave") })).status).toBe(200);
  expect(await ask(`${url}/api/v1/slaves`, { ...withKey, ...pair("expired") })).toEqual(unauthorized(/has expired/));
});

test("a certificate is renewed while the master serves; one that cannot be changes nothing", async () => {
  const { url, server } = await startApiServer({ access: { ...openAccess, tls: listener("none") } });
  const renew = (changes: Partial<ListenerTls>) =>
    server.renew({ ...openAccess, keys: null, tls: { ...listener("none"), ...changes } });
  const { key } = pair("server");
  const encrypted = String(
    createPrivateKey(key).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "geheim" }),
  );
  for (const [wrong, said] of [
    [{ cert: "no" }, /^tls\.cert holds no PEM text .*; certificates are wanted/],
    [{ cert: "" }, /^tls\.cert holds nothing; certificates are wanted/],
    [{ cert: key }, /^tls\.cert holds a private key; certificates are wanted/],
    [{ key: "no" }, /^tls\.key holds no PEM text .*; a private key is wanted/],
    [{ key: pair("slave").key }, /^tls\.key is not the key of tls\.cert: key values mismatch$/],
    [{ key: encrypted }, /^tls\.key is encrypted; a node has no field for its passphrase: write it without one/],
    [{ ca: "no" }, /^tls\.ca holds no PEM text .*; certificates are wanted/],
    [{ ca: key }, /^tls\.ca holds a private key; certificates are wanted/],
  ] as const) {
    expect(() => renew(wrong)).toThrow(
      expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(said) }),
    );
  }
  expect(() => server.renew({ ...openAccess, keys: null, tls: null })).toThrow(/by a new start alone/);
  expect((await ask(`${url}/health`)).status).toBe(200);
  renew(pair("localhost"));
  await expect(ask(`${url}/health`)).rejects.toThrow();
  expect((await ask(`${url}/health`, { ca: read("localhost.cert") })).status).toBe(200);
});

test("a link whose certificate is of no authority any more is cut off, and kept connections are refused; others are not", async () => {
  const taken: Duplex[] = [];
  const { url, server } = await startApiServer({
    access: { ...openAccess, tls: listener("required") },
    acceptLink: (_request, socket) => {
      taken.push(socket);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    },
  });
  const renew = (authorities: string) =>
    server.renew({ ...openAccess, keys: null, tls: { ...listener("required"), ca: authorities } });
  const link = request(`${url}/api/v1/link`, {
    ca,
    ...pair("slave"),
    agent: false,
    headers: { connection: "Upgrade", upgrade: "websocket" },
  });
  link.end();
  const [, socket] = (await once(link, "upgrade")) as [unknown, Duplex];
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca, ...pair("slave") });
  onTestFinished(() => agent.destroy());
  expect((await ask(`${url}/api/v1/slaves`, { agent })).status).toBe(200);

  const other = read("localhost.cert");
  renew(`${other}\n${ca}`);
  expect((await ask(`${url}/api/v1/slaves`, { agent })).status).toBe(200);
  expect([taken.length, taken[0]?.destroyed]).toEqual([1, false]);

  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  renew(other);
  await closed;
  expect(await ask(`${url}/api/v1/slaves`, { agent })).toEqual(unauthorized(/of this master's authority any more/));
  expect(await ask(`${url}/api/v1/slaves`, pair("slave"))).toEqual(unauthorized(/is not of this master's authority/));
  expect(() => server.renew({ ...openAccess, keys: null, tls: listener("optional") })).toThrow(/by a new start alone/);
});

test("no authority, no client certificates", async () => {
  const tls = { ...listener("optional"), ca: null };
  await expect(startApiServer({ access: { ...openAccess, tls } })).rejects.toMatchObject({
    code: "invalid_config",
    message: expect.stringContaining("tls.ca"),
  });
});
