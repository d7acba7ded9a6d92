/** Finds the rows of a file in its bytes, which come piece by piece. */
export interface RowScanner {
  feed(bytes: Uint8Array): void;
  /** No more bytes will come. Throws EngineError `invalid_workflow` where the file ends too early. */
  end(): void;
}

/** A row was found: the bytes `[from, to)` of the file, from which line on, and how many fields it has (csv). */
export type RowFound = (from: number, to: number, line: number, fields: number) => void;

export const newline = 10;
export const carriageReturn = 13;
export const quote = 34;
