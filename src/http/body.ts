/** A file as a part of a body: its bytes are read while they are sent. */
export interface FilePart {
  readonly name: string;
  /** Bytes; exactly as many are sent. */
  readonly size: number;
  /** Reads at most `length` bytes at `position` into `buffer`; resolves with how many, 0: there are none any more. */
  read(buffer: Buffer, length: number, position: number): Promise<number>;
}

/** A body that is more than a text: its parts in order, no two buffers next to each other. */
export interface Pieces {
  /** Bytes of all. */
  readonly length: number;
  readonly parts: readonly (Buffer | FilePart)[];
}

/** What a request carries behind its head; a text goes as UTF-8. */
export type Body = string | Pieces;

/** One body of several parts; texts as UTF-8. */
export function joinPieces(parts: readonly (string | Buffer | FilePart)[]): Pieces {
  const joined: (Buffer | FilePart)[] = [];
  let open: Buffer[] = [];
  let length = 0;
  const close = (): void => {
    const first = open[0];
    if (first !== undefined) joined.push(open.length === 1 ? first : Buffer.concat(open));
    open = [];
  };
  for (const part of parts) {
    if (typeof part === "string" || Buffer.isBuffer(part)) {
      const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
      length += bytes.length;
      open.push(bytes);
    } else {
      length += part.size;
      close();
      joined.push(part);
    }
  }
  close();
  return { length, parts: joined };
}

/** A body as one buffer where it lies in memory as a whole, else its pieces. */
export function flatten(body: Body): Buffer | Pieces {
  if (typeof body === "string") return Buffer.from(body, "utf8");
  if (body.length === 0) return Buffer.alloc(0);
  const [only] = body.parts;
  return body.parts.length === 1 && Buffer.isBuffer(only) ? only : body;
}
