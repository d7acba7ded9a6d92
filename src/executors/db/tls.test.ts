import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { mariadb } from "../../../test/support/services/mariadb.ts";
import { postgres } from "../../../test/support/services/postgres.ts";
import { redis } from "../../../test/support/services/redis.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { run } from "../../local/run.ts";

const ca = readFileSync(new URL("../../../test/support/tls/authority.cert.pem", import.meta.url), "utf8");

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
  test("goes over TLS, verifies who answers, and says why it does not trust it", async () => {
    const server = await startPrivate(service, { secure: true });
    onTestFinished(() => server.close());
    const at = (host: string, tls: unknown) => ({ driver, host, port: server.port, user, password, tls });
    const perform = async (connection: object) => {
      const fields = Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined));
      const report = await run({
        connections: { shop: fields },
        steps: [
          {
            type: "db",
            config: { connection: "shop", ...ask, timeout: "5s" },
            assert: [{ type: "json", path, operator: "starts_with", value: "TLS" }],
          },
        ],
      });
      return report.errors.map(({ code }) => code);
    };
    expect(await perform(at("localhost", { ca }))).toEqual([]);
    expect(await perform(at("localhost", true))).toEqual(["1310"]);
    expect(await perform(at("localhost", { verify: false }))).toEqual([]);
    expect(await perform(at("127.0.0.1", { ca }))).toEqual([]);
    // An address that the certificate does not name.
    const elsewhere = createServer((socket) => {
      const through = connect(server.port, "127.0.0.1");
      socket.on("error", () => through.destroy()).pipe(through);
      through.on("error", () => socket.destroy()).pipe(socket);
    }).listen(server.port, "127.0.0.2");
    onTestFinished(() => void elsewhere.close());
    await once(elsewhere, "listening");
    expect(await perform(at("127.0.0.2", { ca }))).toEqual(["1311"]);
    // Nothing secret was sent there: it would have been refused.
    expect(await perform({ ...at("127.0.0.2", { ca }), user: "stranger", password: "wrong" })).toEqual(["1311"]);
  });
});
