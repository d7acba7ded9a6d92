import { join } from "node:path";
import type { Service } from "./service.ts";

/** MariaDB with root without a password and a database `test`. */
export const mariadb: Service = {
  name: "mariadb",
  port: 3306,
  program: "mariadbd",
  folders: [],
  packages: ["mariadb-server"],
  user: "mysql",
  prepare: (folder, use) =>
    use("mariadb-install-db", [
      "--no-defaults",
      `--datadir=${join(folder, "data")}`,
      "--auth-root-authentication-method=normal",
    ]),
  args: (folder, port) => [
    "--no-defaults",
    `--datadir=${join(folder, "data")}`,
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-name-resolve",
  ],
  tlsArgs: (certificate, key) => [`--ssl-cert=${certificate}`, `--ssl-key=${key}`],
};
