import { DriverFailure } from "../../driver/call-driver.ts";
import type { RowSink } from "./row-sink.ts";

/** The one number that a statement gave. Throws DriverFailure `no_count`, which says what came instead. */
export function readCount({ rows, count, columns }: RowSink): number | bigint {
  if (count === 0) throw noCount("no row");
  if (count > 1) throw noCount(`${count} rows`);
  if (columns !== 1) throw noCount(`${columns} columns`);
  const [row] = rows;
  const value: unknown = typeof row === "object" && row !== null ? Object.values(row)[0] : row;
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : value;
  if (typeof number === "number" || typeof number === "bigint") return number;
  throw noCount(number === null || number === undefined ? "NULL" : typeof number === "string" ? "a text" : "no number");
}

function noCount(got: string): DriverFailure {
  return new DriverFailure(
    "no_count",
    `\`count\` wants a query that gives one number, such as SELECT count(*) FROM users; this one gave ${got}`,
  );
}
