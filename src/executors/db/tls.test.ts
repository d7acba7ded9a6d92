import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { startHelloTap } from "../../../test/support/client-hello.ts";
import { mariadb } from "../../../test/support/services/mariadb.ts";
import { postgres } from "../../../test/support/services/postgres.ts";
import { redis } from "../../../test/support/services/redis.ts";
import { type PrivateServer, startPrivate } from "../../../test/support/services/service.ts";
import { run } from "../../local/run.ts";

const read = (path: string) => readFileSync(path, "utf8");
const ca = read(certificates.authority);

/** What makes a server ask for certificates. */
const asksForCertificates: Readonly<Record<string, (authority: string) => readonly string[]>> = {
  mysql: (authority) => [`--ssl-ca=${authority}`],
  postgres: (authority) => ["-c", `ssl_ca_file=${authority}`],
};

/** Where every server may read it. */
function copyAuthority(): string {
  const folder = mkdtempSync(join(tmpdir(), "we-tls-"));
  chmodSync(folder, 0o755);
  const authority = join(folder, "authority.pem");
  copyFileSync(certificates.authority, authority);
  return authority;
}

const rows = [
  {
    driver: "mysql",
    service: mariadb,
    user: "root",
    ask: { query: "SHOW STATUS LIKE 'Ssl_version'" },
    path: "$[0].Value",
  },
  {
    driver: "postgres",
    service: postgres,
    user: "postgres",
    password: "postgres",
    ask: { query: "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()" },
    path: "$[0].version",
  },
  { driver: "redis", service: redis, ask: { command: ["ECHO", "TLS"] }, path: "$[0]" },
];

describe.each(rows)("$driver", ({ driver, service, ask, path, user, password }) => {
  let server: PrivateServer;
  beforeAll(async () => {
    const authority = copyAuthority();
    server = await startPrivate(service, { secure: true, more: asksForCertificates[driver]?.(authority) ?? [] });
    return async () => {
      await server.close();
      rmSync(dirname(authority), { recursive: true, force: true });
    };
  }, 180_000);
  const at = (host: string, port: number, tls: unknown) => ({ driver, host, port, user, password, tls });
  const perform = async (connection: object, asked: object = ask, operator = "starts_with", value: unknown = "TLS") => {
    const fields = Object.fromEntries(Object.entries(connection).filter(([, given]) => given !== undefined));
    const config = { connection: "shop", ...asked, timeout: "50s" };
    const assert = [{ type: "json", path, operator, value }];
    const report = await run({ connections: { shop: fields }, steps: [{ type: "db", config, assert }] });
    return report.errors.map(({ code }) => code);
  };

  test("goes over TLS, verifies who answers, and says why it does not trust it", async () => {
    expect(await perform(at("localhost", server.port, { ca }))).toEqual([]);
    expect(await perform(at("localhost", server.port, true))).toEqual(["1310"]);
    expect(await perform(at("localhost", server.port, { verify: false }))).toEqual([]);
    expect(await perform(at("127.0.0.1", server.port, { ca }))).toEqual([]);
    // An address that the certificate does not name.
    const elsewhere = createServer((socket) => {
      const through = connect(server.port, "127.0.0.1");
      socket.on("error", () => through.destroy()).pipe(through);
      through.on("error", () => socket.destroy()).pipe(socket);
    }).listen(server.port, "127.0.0.2");
    onTestFinished(() => void elsewhere.close());
    await once(elsewhere, "listening");
    expect(await perform(at("127.0.0.2", server.port, { ca }))).toEqual(["1311"]);
    // Nothing secret was sent there: it would have been refused.
    expect(await perform({ ...at("127.0.0.2", server.port, { ca }), user: "stranger", password: "wrong" })).toEqual([
      "1311",
    ]);
  });

  test("name, versions, ciphers and certificate are what the server sees", { timeout: 180_000 }, async () => {
    const tap = await startHelloTap(server.port);
    const own = { ca, cert: read(certificates.slave.cert), key: read(certificates.slave.key) };
    const through = (tls: object, host = "127.0.0.1") => perform(at(host, tap.port, { ...own, ...tls }));
    expect(await through({}, "localhost")).toEqual([]);
    expect(tap.latest()).toMatchObject({ serverName: "localhost", versions: [0x0304, 0x0303] });
    expect(await through({ server_name: "localhost" })).toEqual([]);
    expect(tap.latest().serverName).toBe("localhost");
    expect(await through({ server_name: "shop.test" }, "localhost")).toEqual(["1311"]);
    expect(tap.latest().serverName).toBe("shop.test");
    expect(await through({ server_name: "shop.test", verify: false })).toEqual([]);
    expect(await through({ server_name: "127.0.0.1" }, "localhost")).toEqual([]);
    expect(tap.latest().serverName).toBe("");
    expect(await through({ max_version: 1.2, ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).toEqual([]);
    expect([tap.latest().versions, tap.latest().ciphers[0]]).toEqual([[0x0303], 0xc02b]);
    expect(await through({ min_version: "1.3" })).toEqual([]);
    expect(tap.latest().versions).toEqual([0x0304]);

    const near = at("127.0.0.1", server.port, { ca });
    const certified = { ...near, tls: own };
    if (driver === "mysql") {
      const create = { action: "execute", query: "CREATE USER ann@'%' REQUIRE X509" };
      await perform(near, create);
      const ann = { user: "ann", database: "" };
      expect(await perform({ ...near, ...ann })).toEqual(["ER_ACCESS_DENIED_ERROR"]);
      expect(await perform({ ...certified, ...ann })).toEqual([]);
    } else if (driver === "postgres") {
      const shown = { query: "SELECT client_dn AS version FROM pg_stat_ssl WHERE pid = pg_backend_pid()" };
      expect(await perform(near, shown, "eq", null)).toEqual([]);
      expect(await perform(certified, shown, "eq", "/CN=slave-1")).toEqual([]);
    } else {
      const more = ["--tls-auth-clients", "yes", "--tls-ca-cert-file", certificates.authority];
      const strict = await startPrivate(service, { secure: true, more });
      onTestFinished(() => strict.close());
      expect((await perform({ ...near, port: strict.port })).length).toBe(1);
      expect(await perform({ ...certified, port: strict.port })).toEqual([]);
    }
  });
});

test.each([
  [{ min_version: "1.4" }, "tls.min_version is none of 1.0, 1.1, 1.2 and 1.3"],
  [{ ciphers: 5 }, "tls.ciphers is not a text"],
  [
    { sni: "a" },
    "`tls` has no field `sni`; there are verify, ca, cert, key, passphrase, min_version, max_version, ciphers, server_name",
  ],
])("a connection's tls %j is refused", async (tls, words) => {
  const connections = { shop: { driver: "postgres", host: "127.0.0.1", tls } };
  const started = run({ connections, steps: [{ type: "db", config: { connection: "shop", query: "SELECT 1" } }] });
  await expect(started).rejects.toThrow(words);
});
