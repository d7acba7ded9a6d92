import { mariadb } from "./services/mariadb.ts";
import { postgres } from "./services/postgres.ts";
import type { Service } from "./services/service.ts";

/** How one of the SQL databases says what the tests of db steps ask of all. */
export interface Dialect {
  readonly driver: "mysql" | "postgres" | "sqlite";
  /** null: a file. */
  readonly service: Service | null;
  dsn(port: number, password?: string): string;
  /** The place of the nth param. */
  mark(place: number): string;
  /** Columns: a key that the database gives, a text, bytes, a long integer, a decimal. */
  readonly columns: string;
  readonly decimal: unknown;
  readonly returnsId: boolean;
  /** Takes at least `slowMs`. */
  readonly slow: string;
  readonly slowMs: number;
  /** Gives so many rows of so many letters. */
  many(rows: number, letters: number): string;
  readonly duplicate: string;
  readonly wrongPassword: string;
}

/** Longer than what stands beside such a statement takes, on any machine. */
const slowMs = 50_000;

const numbers = (rows: number) => `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;

export const dialects: readonly Dialect[] = [
  {
    driver: "mysql",
    service: mariadb,
    dsn: (port, password = "") => `mysql://root${password === "" ? "" : `:${password}`}@127.0.0.1:${port}/test`,
    mark: () => "?",
    columns: "id INT AUTO_INCREMENT PRIMARY KEY, t VARCHAR(200) UNIQUE, b BLOB, n BIGINT, d DECIMAL(30,10)",
    decimal: "12345678901234567890.0123456789",
    returnsId: true,
    slow: `SELECT SLEEP(${slowMs / 1_000})`,
    slowMs,
    many: (rows, letters) =>
      `SELECT REPEAT('x', ${letters}) AS t FROM information_schema.columns a, information_schema.columns b LIMIT ${rows}`,
    duplicate: "ER_DUP_ENTRY",
    wrongPassword: "ER_ACCESS_DENIED_ERROR",
  },
  {
    driver: "postgres",
    service: postgres,
    dsn: (port, password = "postgres") => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    mark: (place) => `$${place}`,
    columns: "id SERIAL PRIMARY KEY, t VARCHAR(200) UNIQUE, b BYTEA, n BIGINT, d NUMERIC(30,10)",
    decimal: "12345678901234567890.0123456789",
    returnsId: false,
    slow: `SELECT pg_sleep(${slowMs / 1_000})`,
    slowMs,
    many: (rows, letters) => `SELECT repeat('x', ${letters}) AS t FROM generate_series(1, ${rows})`,
    duplicate: "23505",
    wrongPassword: "28P01",
  },
  {
    driver: "sqlite",
    service: null,
    dsn: () => ":memory:",
    mark: () => "?",
    columns: "id INTEGER PRIMARY KEY, t TEXT UNIQUE, b BLOB, n INTEGER, d TEXT",
    decimal: "12345678901234567890.0123456789",
    returnsId: true,
    slow: `${numbers(1_000_000_000)} SELECT max(i) FROM n`,
    slowMs,
    many: (rows, letters) => `${numbers(rows)} SELECT printf('%.*c', ${letters}, 'x') AS t FROM n`,
    duplicate: "SQLITE_CONSTRAINT_UNIQUE",
    wrongPassword: "",
  },
];
