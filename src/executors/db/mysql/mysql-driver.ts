import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import mysql, { type Connection } from "mysql2";
import type { DriverCall } from "../../../driver/call-driver.ts";
import { codes } from "../../../http/codes.ts";
import { loadTls } from "../../../http/tls.ts";
import type { Failure } from "../../../protocol/step.ts";
import { listTlsFields } from "../../../protocol/tls.ts";
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
  const name = tls?.serverName ?? host;
  const dialled = await dialDatabase(settings, null, ports, call);
  const connection = mysql.createConnection({
    stream: dialled.stream,
    // Dialled it is already: this is whom TLS asks for.
    host: name,
    port,
    user,
    password,
    database: database === "" ? undefined : database,
    connectTimeout: 0,
    ...(tls === null ? {} : { ssl: readTls(tls, name) }),
    supportBigNumbers: true,
    dateStrings: true,
    jsonStrings: true,
    charset: "utf8mb4_unicode_ci",
    maxPreparedStatements: 256,
    // A server must not ask for files.
    flags: ["-LOCAL_FILES"],
  });
  if (tls?.verify === true && isIP(name) !== 0) checkAddress(connection, name);
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

function readTls(tls: HttpTls, name: string) {
  const { verify } = tls;
  return {
    rejectUnauthorized: verify,
    // Of an address mysql2 would look whether the certificate is one of `localhost`.
    verifyIdentity: verify && isIP(name) === 0,
    ...listTlsFields(tls),
  };
}

/** The part of mysql2's connection that its types leave out: `onSecure` goes on with the credentials, or ends with the error. */
interface Securing {
  readonly stream: TLSSocket;
  startTLS(onSecure: (error?: Error) => void): void;
}

/** Sees whether the certificate is one of this address before anything secret is sent. */
function checkAddress(connection: Connection, host: string): void {
  const securing = connection as unknown as Securing;
  const start = securing.startTLS.bind(securing);
  securing.startTLS = (onSecure) =>
    start((error) => onSecure(error ?? loadTls().checkServerIdentity(host, securing.stream.getPeerCertificate())));
}

/** mysql2 puts its own code over that of TLS; the words are left. */
function restoreCode(message: string): Error {
  const untrusted = /certificate/i.test(message) ? "CERT_UNTRUSTED" : "ERR_SSL_HANDSHAKE";
  const code = /altnames/.test(message) ? "ERR_TLS_CERT_ALTNAME_INVALID" : untrusted;
  return Object.assign(new Error(message), { code });
}

function describe(error: unknown): Failure {
  const { code, message } = readError(error);
  const { errno } = error as { readonly errno?: unknown };
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") {
    return { code: String(codes.tls), message: "the server does not support TLS" };
  }
  if (code === "HANDSHAKE_SSL_ERROR") return describeBreak(restoreCode(message));
  if (typeof errno !== "number" || errno < 1_000 || code?.startsWith("PROTOCOL_") === true) return describeBreak(error);
  // The value that is there already is another one each time.
  const shown = message.replace(/^(Duplicate entry) '.*' (for key)/s, "$1 $2");
  return { code: code?.startsWith("ER_") === true ? code : String(errno), message: shown };
}
