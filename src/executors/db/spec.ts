import { EngineError } from "../../errors.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asMs, asNumber, asSize } from "../../protocol/json-values.ts";
import { any, choice, describe, flag, list, object, positiveDuration, size, text } from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import { defaultTls, readTls, tlsShape } from "../../protocol/tls.ts";
import { findDriver, findDriverOfDsn, parseDsn } from "./connection-settings.ts";
import type { DbAction, DbConfig, DbDriverName } from "./db-config.ts";

const whole = { kind: "number", min: 1, whole: true } as const;

const shape = object({
  driver: describe(
    choice("mysql", "mariadb", "postgres", "sqlite", "redis"),
    "The kind of database. Default: what the connection or the dsn says.",
  ),
  connection: describe(
    text,
    "A connection by its name: of the workflow, or of the slave's own configuration. Default: none.",
  ),
  dsn: describe(
    text,
    "Where the database is: `mysql://user:password@host:3306/name`, `postgres://…`, `redis://…`, `rediss://…`, `sqlite:shop.db`; " +
      "`?tls=true` goes over TLS. May be a template, such as `${secret.dsn}`. Default: the slave's connection that is called like " +
      "the driver, else this machine.",
  ),
  action: describe(
    choice("query", "execute", "count", "exists", "begin", "commit", "rollback"),
    "What the step does. `count` gives the number that the query selects, `exists` whether it has a row. `begin` opens a " +
      "transaction of the VU; one that is open at the iteration's end is rolled back. Default: query.",
  ),
  query: describe(
    text,
    "The SQL statement. May be a template, but values belong in `params`. Required for `query`, `execute`, `count` and `exists`.",
  ),
  sql: describe(text, "The same as `query`. Default: `query`."),
  command: describe(
    list(any, 1),
    'What redis is to do: the command and its arguments, such as `["SET", "user:1", "${name}"]`; `{base64: …}` is bytes. Required for redis.',
  ),
  params: describe(
    any,
    "A list of values for the statement's `?` (`$1` with postgres), bound by the database, never put into its text; " +
      "`{base64: …}` is bytes. May be a template that gives a list. Default: none.",
  ),
  prepare: describe(flag, "Prepare a statement without templates once per connection. Default: true."),
  encoding: describe(choice("text", "hex", "base64"), "How texts from redis are read. Default: text."),
  timeout: describe(
    positiveDuration,
    "The longest time for the step, waiting for a connection included. Default: 30s.",
  ),
  max_rows: describe(whole, "The most rows of a result; more fail the step. Default: 100000."),
  max_bytes: describe(size, "The most bytes of a result; more fail the step. Default: 16MB."),
  pool: describe(
    object({ max: describe(whole, "The most connections of one slave. Default: 20; sqlite 1.") }),
    "The connections to a `dsn`, which the VUs share. A named connection has its own `pool`. Default: 20; sqlite 1.",
  ),
  tls: describe(tlsShape, "Certificates, and TLS for a `dsn`. Default: verify, with the system's authorities."),
});

/** Asks and changes a database. */
export const dbSpec: StepSpec = {
  kind: "executor",
  capability: "db_executor",
  config: describe(shape, "Runs a statement on MySQL, MariaDB, PostgreSQL or SQLite, or a command on Redis."),
  short: null,
  children: [],
  metrics: ["db_reqs", "db_req_failed", "db_req_duration", "db_req_blocked", "db_rows"],
  resolve: (config, context) => resolve(config, context) as unknown as JsonObject,
  listTexts: ({ tls: _tls, ...config }) => listTemplates(config),
};

const controls: readonly DbAction[] = ["begin", "commit", "rollback"];

/** What opens or ends a transaction in SQL. */
const transactionWords =
  /^\s*(?:begin|start\s+transaction|commit|end|rollback(?!\s+(?:(?:transaction|work)\s+)?to\b))\b/i;

function resolve(config: JsonObject, context: SpecContext): DbConfig {
  const { report } = context;
  const dsn = asString(config["dsn"]);
  const connection = asString(config["connection"]);
  const action = (asString(config["action"]) ?? "query") as DbAction;
  const query = asString(config["query"]) ?? asString(config["sql"]);
  const command = Array.isArray(config["command"]) ? (config["command"] as readonly Json[]) : null;
  const named = findDriver(asString(config["driver"]) ?? "");
  const driver = named ?? (dsn === null ? undefined : findDriverOfDsn(dsn)) ?? null;
  check();
  return {
    driver,
    connection,
    dsn,
    action,
    query,
    command,
    params: config["params"] ?? [],
    prepare: config["prepare"] !== false,
    encoding: (asString(config["encoding"]) ?? "text") as DbConfig["encoding"],
    timeoutMs: asMs(config["timeout"]) ?? 30_000,
    maxRows: asNumber(config["max_rows"]) ?? 100_000,
    maxBytes: asSize(config["max_bytes"]) ?? 16_000_000,
    poolMax: asNumber((config["pool"] as JsonObject | undefined)?.["max"]),
    secure: Object.hasOwn(config, "tls") ? true : null,
    tls: readTls(config["tls"], defaultTls, context),
  };

  function check(): void {
    const has = (key: string) => Object.hasOwn(config, key);
    if (has("query") && has("sql")) report(["sql"], "`query` and `sql` are the same; keep one");
    if (connection !== null && dsn !== null) report(["dsn"], "`connection` and `dsn` both say where to go; keep one");
    if (driver === null && connection === null && !has("driver")) {
      report([], dsn === null ? "`driver` is missing" : "`driver` is missing; the dsn does not say it");
    }
    if (named !== undefined && dsn !== null && (findDriverOfDsn(dsn) ?? named) !== named) {
      report(["driver"], "the dsn is one of another driver");
    } else if (driver !== null && dsn !== null && !dsn.includes("${")) checkDsn(dsn, driver);
    if (connection !== null && (has("pool") || has("tls"))) {
      report([has("pool") ? "pool" : "tls"], "a named connection has its own; write it there");
    }
    const key = has("sql") ? "sql" : "query";
    if (controls.includes(action)) {
      if (query !== null) report([key], `\`${action}\` needs no statement; leave it out`);
      if (command !== null) report(["command"], `\`${action}\` needs no command; leave it out`);
      return;
    }
    if (driver === "redis" && query !== null) {
      report([key], 'redis takes a `command`, such as `command: ["GET", "user:1"]`');
    } else if (driver !== "redis" && driver !== null && command !== null) {
      report(["command"], `${driver} takes a \`query\`; \`command\` is for redis`);
    } else if (query === null && command === null) {
      report([], driver === "redis" ? "`command` is missing" : "`query` is missing");
    } else if (query !== null && command !== null)
      report(["command"], "`query` is SQL, `command` is for redis; keep one");
    if (command !== null && has("params")) report(["params"], "a `command` holds its arguments; leave `params` out");
    if (query !== null && transactionWords.test(query)) {
      report([key], "a transaction belongs to the VU: write action: begin, commit or rollback");
    }
    const { params } = config;
    if (has("params") && !Array.isArray(params) && !(typeof params === "string" && params.includes("${"))) {
      report(["params"], "is a list, or a template that gives one");
    }
    if (query !== null && query.trim() === "") report([key], "is empty; write a statement");
  }

  function checkDsn(text: string, by: DbDriverName): void {
    try {
      parseDsn(by, text, defaultTls, (message) => {
        throw new EngineError("invalid_workflow", message);
      });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      report(["dsn"], error.message);
    }
  }
}

function asString(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}
