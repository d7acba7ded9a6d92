/** To the process that has the database open; one at a time. */
export interface SqliteOrder {
  readonly text: string;
  readonly params: readonly unknown[];
  /** Prepared once under this name; null: anew each time. */
  readonly name: string | null;
  readonly maxRows: number;
  readonly maxBytes: number;
  /** How many rows come back. */
  readonly keep: number;
}

/** Its answer; the first one, without an order, says that the database is open. */
export type SqliteFact =
  | {
      readonly type: "done";
      readonly rows: readonly unknown[];
      readonly count: number;
      readonly columns: number;
      readonly affected: number;
      readonly lastId: number | bigint | null;
      readonly isInTransaction: boolean;
    }
  | { readonly type: "too_large"; readonly code: string; readonly message: string; readonly isInTransaction: boolean }
  | { readonly type: "failed"; readonly errcode: number; readonly message: string; readonly isInTransaction: boolean };
