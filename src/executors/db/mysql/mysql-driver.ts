import mysql from "mysql2";
import type { DriverCall } from "../../../driver/call-driver.ts";
import type { Failure } from "../../../protocol/step.ts";
import type { HttpTls } from "../../../protocol/workflow.ts";
import type { ConnectionSettings } from "../connection-settings.ts";
import { describeBreak, readError } from "../describe-break.ts";
import { dialDatabase } from "../dial-database.ts";
import type { DbConnection, DbDriver, DbPorts } from "../driver.ts";
import { createMysqlConnection } from "./mysql-connection.ts";

/** Speaks with MySQL and MariaDB. */
export const mysqlDriver: DbDriver = { open, describe };

async function open(settings: ConnectionSettings, ports: DbPorts, call: DriverCall): Promise<DbConnection> {
  const { host, port, user, password, database, tls } = settings;
  const dialled = await dialDatabase(settings, null, ports, call);
  const connection = mysql.createConnection({
    stream: dialled.stream,
    host,
    port,
    user,
    password,
    database: database === "" ? undefined : database,
    connectTimeout: 0,
    ...(tls === null ? {} : { ssl: readTls(tls) }),
    supportBigNumbers: true,
    dateStrings: true,
    jsonStrings: true,
    charset: "utf8mb4_unicode_ci",
    maxPreparedStatements: 256,
    // A server must not ask for files.
    flags: ["-LOCAL_FILES"],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      connection.once("connect", () => resolve());
      connection.on("error", reject);
    });
  } catch (error) {
    dialled.stream.destroy();
    throw error;
  } finally {
    dialled.done();
  }
  return createMysqlConnection(connection);
}

function readTls({ verify, ca, cert, key }: HttpTls) {
  return {
    rejectUnauthorized: verify,
    verifyIdentity: verify,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
}

function describe(error: unknown): Failure {
  const { code, message } = readError(error);
  const { errno } = error as { readonly errno?: unknown };
  if (typeof errno !== "number" || errno < 1_000 || code?.startsWith("PROTOCOL_") === true) return describeBreak(error);
  // The value that is there already is another one each time.
  const shown = message.replace(/^(Duplicate entry) '.*' (for key)/s, "$1 $2");
  return { code: code?.startsWith("ER_") === true ? code : String(errno), message: shown };
}
