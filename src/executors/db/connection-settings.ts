import { EngineError } from "../../errors.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { findCertificateFault, findKeyFault } from "../../protocol/pem.ts";
import { readTlsVersion } from "../../protocol/tls.ts";
import type { HttpTls, TlsVersion } from "../../protocol/workflow.ts";
import type { DbDriverName } from "./db-config.ts";

/** Where a database is and as whom to speak with it. Its password never stands in a message. */
export interface ConnectionSettings {
  readonly driver: DbDriverName;
  readonly host: string;
  /** 0 where there is none. */
  readonly port: number;
  /** A unix socket, or the file of a sqlite database; null: host and port. */
  readonly path: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** null: in the clear. */
  readonly tls: HttpTls | null;
  /** The most connections of a slave; null: the default. */
  readonly poolMax: number | null;
}

/** What is written down about a connection; everything else is as in `defaults`. */
export type GivenSettings = { -readonly [Key in keyof ConnectionSettings]?: ConnectionSettings[Key] };

const tlsFields = ["verify", "ca", "cert", "key", "passphrase", "min_version", "max_version", "ciphers", "server_name"];

/** The path of an SQLite database that lies in memory. */
export const memoryPath = ":memory:";

const nowhere = {
  host: "127.0.0.1",
  port: 0,
  path: null,
  user: "",
  password: "",
  database: "",
  tls: null,
  poolMax: null,
};

const defaults: Readonly<Record<DbDriverName, ConnectionSettings>> = {
  mysql: { ...nowhere, driver: "mysql", port: 3306, user: "root", database: "test" },
  postgres: {
    ...nowhere,
    driver: "postgres",
    port: 5432,
    user: "postgres",
    password: "postgres",
    database: "postgres",
  },
  sqlite: { ...nowhere, driver: "sqlite", host: "", path: memoryPath },
  redis: { ...nowhere, driver: "redis", port: 6379, database: "0" },
};

/** The driver of this name or one of its other names; undefined: there is none. */
export function findDriver(name: string): DbDriverName | undefined {
  const names: Readonly<Record<string, DbDriverName>> = {
    mysql: "mysql",
    mariadb: "mysql",
    postgres: "postgres",
    postgresql: "postgres",
    sqlite: "sqlite",
    sqlite3: "sqlite",
    redis: "redis",
  };
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

/** What is given, completed. */
export function completeSettings(driver: DbDriverName, given: GivenSettings): ConnectionSettings {
  const elsewhere = given.host !== undefined || given.path !== undefined || given.user !== undefined;
  const base = defaults[driver];
  // The password of the local default is nobody else's.
  return { ...base, password: elsewhere ? "" : base.password, ...given, driver };
}

/** What a step's errors and samples say of where it went: no user, no password. */
export function nameTarget({ driver, host, port, path, database }: ConnectionSettings): string {
  if (driver === "sqlite") return `sqlite ${path ?? ""}`;
  const place = path ?? `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `${driver} ${place}${database === "" ? "" : `/${database}`}`;
}

/**
 * A named connection's fields: `driver`, `dsn`, or `host port path user password database tls pool`. `readFile` reads a
 * certificate's file; null: only PEM texts are accepted. Throws EngineError `invalid_workflow` that names the field.
 */
export function readConnection(
  name: string,
  fields: JsonObject,
  readFile: ((path: string) => string) | null,
  tlsDefault: HttpTls,
): ConnectionSettings {
  const refuse = (message: string): never => {
    throw new EngineError("invalid_workflow", `connections.${name}: ${message}`);
  };
  const known = ["driver", "dsn", "url", "host", "port", "path", "file", "user", "password", "database", "tls", "pool"];
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(`there is no field \`${unknown}\`; there are ${known.join(", ")}`);
  const textOf = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const value = fields[key];
      if (value === undefined || value === null) continue;
      if (typeof value === "object") refuse(`\`${key}\` is not a text`);
      return String(value);
    }
    return undefined;
  };
  const driverName = textOf("driver");
  const dsn = textOf("dsn", "url");
  const driver =
    findDriver(driverName ?? "") ??
    (driverName === undefined ? (findDriverOfDsn(dsn ?? "") ?? findDriver(name)) : undefined);
  if (driver === undefined) {
    return refuse(
      driverName === undefined
        ? "`driver` is missing; there are mysql, mariadb, postgres, sqlite, redis"
        : `\`${driverName}\` is no database; there are mysql, mariadb, postgres, sqlite, redis`,
    );
  }
  const given: GivenSettings = dsn === undefined ? {} : parseDsn(driver, dsn, tlsDefault, refuse);
  const host = textOf("host");
  if (host !== undefined) given.host = host;
  const port = textOf("port");
  if (port !== undefined) given.port = readPort(port, refuse);
  const path = textOf("path", "file");
  if (path !== undefined) given.path = path;
  for (const key of ["user", "password", "database"] as const) {
    const value = textOf(key);
    if (value === undefined) continue;
    if (driver === "sqlite" && key === "database") given.path = value;
    else given[key] = value;
  }
  const pool = fields["pool"];
  if (pool !== undefined) given.poolMax = readPool(pool, refuse);
  const tls = fields["tls"];
  if (tls === false) given.tls = null;
  else if (tls !== undefined) given.tls = readTlsFields(tls, tlsDefault, readFile, refuse);
  return completeSettings(driver, given);
}

/** The driver that a dsn's scheme names. */
export function findDriverOfDsn(dsn: string): DbDriverName | undefined {
  if (/^rediss:/i.test(dsn)) return "redis";
  if (/^file:/i.test(dsn) || dsn === memoryPath) return "sqlite";
  return findDriver(/^([a-z\d]+):/i.exec(dsn)?.[1]?.toLowerCase() ?? "");
}

/** Reads `scheme://user:password@host:port/database?tls=true`. `refuse` throws; what it is told never holds the dsn. */
export function parseDsn(
  driver: DbDriverName,
  dsn: string,
  tls: HttpTls,
  refuse: (message: string) => never,
): GivenSettings {
  if (driver === "sqlite") return { path: dsn.replace(/^(?:sqlite3?|file):(?:\/\/(?=\/|:memory:))?/i, "") };
  const url = URL.parse(dsn.replace(/^[a-z\d]+:\/\//i, "db://"));
  if (url === null || !/^[a-z\d]+:\/\//i.test(dsn)) {
    return refuse(`the dsn cannot be read; write ${driver}://user:password@host:port/database`);
  }
  if (findDriverOfDsn(dsn) !== driver) refuse(`the dsn is not one of ${driver}; its scheme is another`);
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      // URIError: a stray `%`.
      return refuse("a `%` in the dsn is not the beginning of an encoded byte; write %25");
    }
  };
  const given: GivenSettings = {};
  const host = decode(url.hostname).replace(/^\[|\]$/g, "");
  if (host !== "") given.host = host;
  if (url.port !== "") given.port = readPort(url.port, refuse);
  if (url.username !== "") given.user = decode(url.username);
  if (url.password !== "") given.password = decode(url.password);
  const database = decode(url.pathname.slice(1));
  if (database !== "") given.database = database;
  if (/^rediss:/i.test(dsn)) given.tls = tls;
  for (const [key, value] of url.searchParams) {
    if (key === "socket") given.path = value;
    else if ((key === "tls" || key === "ssl") && /^(?:true|false|1|0)$/.test(value)) {
      given.tls = /^(?:true|1)$/.test(value) ? tls : null;
    } else if (key === "sslmode" && /^(?:disable|require|verify-ca|verify-full|no-verify)$/.test(value)) {
      given.tls = value === "disable" ? null : value === "no-verify" ? { ...tls, verify: false } : tls;
    } else
      refuse(
        `\`${key}\` in the dsn is not known, or not with this value; there are tls=true, sslmode=require and socket`,
      );
  }
  return given;
}

function readPort(text: string, refuse: (message: string) => never): number {
  const port = Number(text);
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? port
    : refuse("`port` is not a whole number from 1 to 65535");
}

function readPool(pool: Json, refuse: (message: string) => never): number {
  const max = typeof pool === "object" && pool !== null && !Array.isArray(pool) ? (pool as JsonObject)["max"] : pool;
  return typeof max === "number" && Number.isInteger(max) && max >= 1 && max <= 10_000
    ? max
    : refuse("`pool` is `{max: N}`, a whole number from 1 to 10000");
}

function readTlsFields(
  given: Json,
  otherwise: HttpTls,
  readFile: ((path: string) => string) | null,
  refuse: (message: string) => never,
): HttpTls {
  if (given === true) return otherwise;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return refuse(`\`tls\` is true, false or {${tlsFields.join(", ")}}`);
  }
  const fields = given as JsonObject;
  const unknown = Object.keys(fields).find((key) => !tlsFields.includes(key));
  if (unknown !== undefined) refuse(`\`tls\` has no field \`${unknown}\`; there are ${tlsFields.join(", ")}`);
  const textOf = (key: "ciphers" | "server_name" | "passphrase"): string | null => {
    const value = fields[key];
    return value === undefined || typeof value === "string" ? (value ?? null) : refuse(`tls.${key} is not a text`);
  };
  const versionOf = (key: "min_version" | "max_version"): TlsVersion | null => {
    const value = fields[key];
    if (value === undefined) return null;
    return readTlsVersion(value) ?? refuse(`tls.${key} is none of 1.0, 1.1, 1.2 and 1.3`);
  };
  const passphrase = textOf("passphrase");
  const read = (key: "ca" | "cert" | "key"): string | null => {
    const value = fields[key];
    if (value === undefined || value === null) return otherwise[key];
    if (typeof value !== "string") return refuse(`tls.${key} is not a text`);
    if (value.includes("-----BEGIN")) return value;
    if (readFile === null)
      return refuse(`tls.${key} holds no PEM text (-----BEGIN …); a node opens no file that a workflow names`);
    try {
      return readFile(value);
    } catch (cause) {
      throw new EngineError("invalid_workflow", `tls.${key} of a connection: the file cannot be read`, { cause });
    }
  };
  const pem = (key: "ca" | "cert" | "key"): string | null => {
    const found = read(key);
    if (found === null) return null;
    const fault =
      key === "key" ? findKeyFault(found, passphrase, "give its `passphrase` beside it") : findCertificateFault(found);
    return fault === null ? found : refuse(`tls.${key} ${fault}`);
  };
  const verify = fields["verify"];
  if (verify !== undefined && typeof verify !== "boolean") refuse("tls.verify is true or false");
  return {
    ...otherwise,
    verify: otherwise.verify && (typeof verify === "boolean" ? verify : true),
    ca: pem("ca"),
    cert: pem("cert"),
    key: pem("key"),
    passphrase: passphrase ?? otherwise.passphrase,
    minVersion: versionOf("min_version") ?? otherwise.minVersion,
    maxVersion: versionOf("max_version") ?? otherwise.maxVersion,
    ciphers: textOf("ciphers") ?? otherwise.ciphers,
    serverName: textOf("server_name") ?? otherwise.serverName,
  };
}
