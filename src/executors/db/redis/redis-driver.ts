import type { DriverCall } from "../../../driver/call-driver.ts";
import type { Failure } from "../../../protocol/step.ts";
import type { ConnectionSettings } from "../connection-settings.ts";
import { describeBreak } from "../describe-break.ts";
import { dialDatabase } from "../dial-database.ts";
import type { DbConnection, DbDriver, DbPorts } from "../driver.ts";
import { RowSink } from "../row-sink.ts";
import { createRedisConnection, RedisRefusal } from "./redis-connection.ts";

/** Speaks with Redis. */
export const redisDriver: DbDriver = { open, describe };

async function open(settings: ConnectionSettings, ports: DbPorts, call: DriverCall): Promise<DbConnection> {
  const { user, password, database, tls } = settings;
  const { stream, done } = await dialDatabase(settings, tls === null ? null : ports.trusts.of(tls), ports, call);
  const connection = createRedisConnection(stream);
  const say = (...params: string[]) =>
    new Promise<void>((resolve, reject) => {
      connection.run({ text: "", params, name: null, encoding: "text" }, new RowSink(1, 10_000, 0), (error) => {
        if (error === null) resolve();
        else reject(error as Error);
      });
    });
  try {
    if (password !== "") await say("AUTH", ...(user === "" ? [] : [user]), password);
    if (database !== "" && database !== "0") await say("SELECT", database);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    done();
  }
}

function describe(error: unknown): Failure {
  if (!(error instanceof RedisRefusal)) return describeBreak(error);
  const code = /^[A-Z]+(?= )/.exec(error.message)?.[0] ?? "ERR";
  return { code, message: error.message };
}
