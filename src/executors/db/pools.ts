import type { DbConnection, DbDriver, DbPorts } from "./driver.ts";
import type { DbDriverName } from "./db-config.ts";
import { type ConnectionSettings, memoryPath } from "./connection-settings.ts";
import { EngineError } from "../../errors.ts";
import { dbDrivers } from "./drivers.ts";
import { Pool } from "./pool.ts";
import { RowSink } from "./row-sink.ts";

/** The most databases that one thread speaks with: each has its connections. */
const maxPools = 64;

/** Connections of a slave to one database, where nothing is said. */
const defaultMax = 20;

/** How long a rollback that nobody waits for may take, ms. */
const rollbackLimitMs = 5_000;

/** The pools of one thread: one per database and user. */
export interface Pools {
  /** Its driver will be needed. */
  foresee(driver: DbDriverName): void;
  loadDrivers(): Promise<void>;
  /** Equal settings have the same pool. Throws EngineError `template` where there are too many. */
  of(settings: ConnectionSettings): Pool;
  /** Rolls back what an iteration left open, in the background, and gives the connection back. */
  rollBack(pool: Pool, connection: DbConnection): void;
  /** Waits for rollbacks, then ends every connection. Idempotent. */
  close(): Promise<void>;
}

/** `threads` divide the connections of the slave between them. */
export function createPools(ports: DbPorts, threads: number): Pools {
  const needed = new Set<DbDriverName>();
  const drivers = new Map<DbDriverName, DbDriver>();
  const byIdentity = new WeakMap<ConnectionSettings, Pool>();
  const byContent = new Map<string, Pool>();
  const rollbacks = new Set<Promise<void>>();

  function create(settings: ConnectionSettings): Pool {
    if (byContent.size >= maxPools) {
      throw new EngineError("template", `more than ${maxPools} databases or users; use fewer different dsn`);
    }
    const driver = drivers.get(settings.driver);
    if (driver === undefined) throw new Error(`the driver of ${settings.driver} was not loaded`);
    const max = settings.driver === "sqlite" ? 1 : defaultMax;
    // A database in memory is its connection's own.
    const wanted = settings.path === memoryPath ? 1 : (settings.poolMax ?? max);
    return new Pool(settings, driver, Math.max(1, Math.floor(wanted / threads)), ports);
  }

  async function rollBackIn(pool: Pool, connection: DbConnection): Promise<void> {
    const alarm = ports.clock.at(ports.clock.now() + rollbackLimitMs, () => connection.destroy());
    try {
      await new Promise<void>((resolve, reject) => {
        connection.control("rollback", new RowSink(1, 1_000, 0), (error) => {
          if (error === null) resolve();
          else reject(error as Error);
        });
      });
    } catch {
      // What the database says no more: without its connection it rolls back by itself.
      connection.destroy();
    } finally {
      alarm.cancel();
      pool.release(connection);
    }
  }

  return {
    foresee: (driver) => void needed.add(driver),
    async loadDrivers() {
      for (const name of needed) drivers.set(name, await dbDrivers[name]());
    },
    of(settings) {
      const same = byIdentity.get(settings);
      if (same !== undefined) return same;
      const content = JSON.stringify(settings);
      let pool = byContent.get(content);
      if (pool === undefined) {
        pool = create(settings);
        byContent.set(content, pool);
      }
      byIdentity.set(settings, pool);
      return pool;
    },
    rollBack(pool, connection) {
      if (!ports.permit.maySend(ports.clock.now())) {
        pool.discard(connection);
        return;
      }
      const rollback = rollBackIn(pool, connection);
      rollbacks.add(rollback);
      void rollback.finally(() => rollbacks.delete(rollback));
    },
    async close() {
      await Promise.all(rollbacks);
      for (const pool of byContent.values()) pool.close();
    },
  };
}
