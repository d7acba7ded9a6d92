import { DriverFailure } from "../../driver/call-driver.ts";

/** Takes what one statement gives: its rows, within limits, and what it did besides. */
export class RowSink {
  readonly rows: unknown[] = [];
  /** Rows that were changed; 0 for those that only read. */
  affected = 0;
  /** The id that the database gave to the inserted row; null: none. */
  lastId: number | bigint | string | null = null;
  /** Rows that came, kept or not. */
  count = 0;
  /** Of each row, those of one name too; an answer of redis is one. */
  columns = 1;
  /** Why no more is taken; null: there is room. */
  failure: DriverFailure | null = null;
  readonly maxBytes: number;
  readonly maxRows: number;
  readonly keep: number;

  /** `keep`: how many rows are kept; the others are only counted. */
  constructor(maxRows: number, maxBytes: number, keep: number) {
    this.maxRows = maxRows;
    this.maxBytes = maxBytes;
    this.keep = keep;
  }

  /** false: there is no room for it. */
  add(row: unknown): boolean {
    if (this.failure !== null) return false;
    if (this.count >= this.maxRows) {
      this.failure = tooLarge(`has more than ${this.maxRows} rows; add a LIMIT, or raise max_rows`);
      return false;
    }
    this.count++;
    if (this.rows.length < this.keep) this.rows.push(row);
    return true;
  }

  /** Takes the kept rows of a result that was measured elsewhere. */
  fill(rows: readonly unknown[], count: number, columns: number): void {
    for (const row of rows) this.rows.push(row);
    this.count = count;
    this.columns = columns;
  }

  /** false: that is more than a result may have. */
  hasRoomFor(bytes: number): boolean {
    if (bytes <= this.maxBytes) return true;
    this.failure ??= tooLarge(`is longer than ${this.maxBytes} bytes; ask for less, or raise max_bytes`);
    return false;
  }
}

function tooLarge(what: string): DriverFailure {
  return new DriverFailure("result_too_large", `the result ${what}`);
}
