import type { ClientConfig } from "pg";
import pg from "pg";
import { type DriverCall, DriverFailure } from "../../../driver/call-driver.ts";
import { codes } from "../../../http/codes.ts";
import { loadTls } from "../../../http/tls.ts";
import type { Failure } from "../../../protocol/step.ts";
import { listTlsFields } from "../../../protocol/tls.ts";
import type { HttpTls } from "../../../protocol/workflow.ts";
import type { ConnectionSettings } from "../connection-settings.ts";
import { describeBreak, readError } from "../describe-break.ts";
import { dialDatabase } from "../dial-database.ts";
import type { DbConnection, DbDriver, DbPorts } from "../driver.ts";
import { createPostgresConnection } from "./postgres-connection.ts";

/** Speaks with PostgreSQL. */
export const postgresDriver: DbDriver = { open, describe };

async function open(settings: ConnectionSettings, ports: DbPorts, call: DriverCall): Promise<DbConnection> {
  const { host, port, user, password, database, tls } = settings;
  const { stream, done } = await dialDatabase(settings, null, ports, call);
  // pg dials by itself what it is given; this one is connected, to an address that was checked.
  stream.connect = () => {
    queueMicrotask(() => stream.emit("connect"));
    return stream;
  };
  const config: ClientConfig = {
    stream: () => stream,
    // Everything is said: what is missing pg would look up in the environment and in files of this machine.
    // Dialled it is already: this is whom TLS asks for.
    host: tls?.serverName ?? host,
    port,
    user,
    password: () => password,
    database: database === "" ? user : database,
    ssl: tls === null ? false : readTls(tls, host),
    options: "-c client_encoding=UTF8",
    application_name: "workflow-engine",
  };
  const client = new pg.Client(config);
  const broken = new Promise<never>((_resolve, reject) => {
    client.on("error", reject);
  });
  // Told by the race below; later breaks are told by what runs on the connection.
  broken.catch(() => undefined);
  try {
    await Promise.race([client.connect(), broken]);
  } catch (error) {
    stream.destroy();
    if (/does not support SSL/.test(readError(error).message)) {
      throw new DriverFailure(String(codes.tls), "the server does not support TLS");
    }
    throw error;
  } finally {
    done();
  }
  return createPostgresConnection(client);
}

function readTls(tls: HttpTls, host: string) {
  const name = tls.serverName ?? host;
  return {
    rejectUnauthorized: tls.verify,
    ...listTlsFields(tls),
    checkServerIdentity: (
      _name: string,
      certificate: Parameters<ReturnType<typeof loadTls>["checkServerIdentity"]>[1],
    ) => loadTls().checkServerIdentity(name, certificate),
  };
}

function describe(error: unknown): Failure {
  const { code, message } = readError(error);
  if (error instanceof pg.DatabaseError && code !== undefined) return { code, message };
  return describeBreak(error);
}
