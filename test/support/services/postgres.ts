import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "./service.ts";

const versions = "/usr/lib/postgresql";

/** PostgreSQL with the user `postgres`, whose password is the same. */
export const postgres: Service = {
  name: "postgres",
  port: 5432,
  program: "postgres",
  get folders() {
    return listVersions().map((version) => join(versions, version, "bin"));
  },
  packages: ["postgresql"],
  user: "postgres",
  prepare(folder, use) {
    const password = join(folder, "password");
    writeFileSync(password, "postgres\n", { mode: 0o644 });
    use("initdb", [
      "-D",
      join(folder, "data"),
      "-U",
      "postgres",
      "-A",
      "scram-sha-256",
      "--pwfile",
      password,
      "-E",
      "UTF8",
    ]);
  },
  args: (folder, port) => {
    const settings = ["listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=16MB"];
    return ["-D", join(folder, "data"), "-p", `${port}`, "-k", folder, ...settings.flatMap((one) => ["-c", one])];
  },
  // It takes connections before it serves, after a crash for a while.
  probe: (port) => ["pg_isready", "-q", "-h", "127.0.0.1", "-p", `${port}`],
  tlsArgs: (certificate, key) =>
    ["ssl=on", `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`].flatMap((one) => ["-c", one]),
};

function listVersions(): string[] {
  try {
    return readdirSync(versions).toSorted((left, right) => Number(right) - Number(left));
  } catch {
    // It is not installed.
    return [];
  }
}
