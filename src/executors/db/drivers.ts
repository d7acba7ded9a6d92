import type { DbDriverName } from "./db-config.ts";
import type { DbDriver } from "./driver.ts";

/** One row per database; its driver is loaded when a workflow uses it. */
export const dbDrivers = {
  mysql: () => import("./mysql/mysql-driver.ts").then((module) => module.mysqlDriver),
  postgres: () => import("./postgres/postgres-driver.ts").then((module) => module.postgresDriver),
  sqlite: () => import("./sqlite/sqlite-driver.ts").then((module) => module.sqliteDriver),
  redis: () => import("./redis/redis-driver.ts").then((module) => module.redisDriver),
} as const satisfies Record<DbDriverName, () => Promise<DbDriver>>;
