import type { Submittable } from "pg";
import type { RowSink } from "../row-sink.ts";
import { readPostgresType } from "./read-type.ts";

/** pg's connection, as a query speaks to it. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  /** Name -> text of the statements that this connection has parsed; kept by pg. */
  readonly parsedStatements: Readonly<Record<string, string>>;
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(bound: { readonly statement: string; readonly values: readonly unknown[] }): void;
  describe(what: { readonly type: "P" }): void;
  execute(): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

/** Makes rows of one shape of what comes as texts. */
export class RowReader {
  readonly columns: number;
  readonly #names: readonly string[];
  readonly #reads: readonly ((text: string) => unknown)[];
  readonly #empty: Readonly<Record<string, unknown>>;

  constructor(fields: readonly Field[]) {
    this.columns = fields.length;
    this.#names = fields.map(({ name }) => name);
    this.#reads = fields.map(({ dataTypeID }) => readPostgresType(dataTypeID));
    this.#empty = Object.fromEntries(fields.map(({ name }) => [name, null]));
  }

  read(texts: readonly (string | null)[]): Record<string, unknown> {
    // A copy has a place of its own for each name, `__proto__` too.
    const row: Record<string, unknown> = { ...this.#empty };
    for (let place = 0; place < texts.length; place++) {
      const text = texts[place] as string | null;
      if (text !== null) row[this.#names[place] as string] = this.#reads[place]?.(text);
    }
    return row;
  }
}

/** What a query tells. */
interface QueryEvents {
  /** The sink takes no more. */
  full(): void;
  ended(): void;
  failed(error: unknown): void;
}

/**
 * One statement by the extended protocol. Named ones are parsed and described once on each connection, which the server
 * keeps to: where the answer would have another shape it refuses them.
 */
export class PostgresQuery implements Submittable {
  /** By these two pg notes which statements are parsed. */
  readonly name: string;
  readonly text: string;
  readonly #values: readonly unknown[];
  readonly #prepared: Map<string, RowReader | null>;
  readonly #sink: RowSink;
  readonly #events: QueryEvents;
  #reader: RowReader | null = null;
  #failure: unknown = null;

  /** `name`: empty for one that is sent once; `prepared`: how the rows of the connection's named statements are read, null: they give none. */
  constructor(
    text: string,
    values: readonly unknown[],
    name: string,
    prepared: Map<string, RowReader | null>,
    sink: RowSink,
    events: QueryEvents,
  ) {
    this.name = name;
    this.text = text;
    this.#values = values;
    this.#prepared = prepared;
    this.#sink = sink;
    this.#events = events;
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    const { name, text } = this;
    wire.stream.cork();
    if (wire.parsedStatements[name] === undefined) wire.parse({ name, text });
    wire.bind({ statement: name, values: this.#values });
    const known = this.#prepared.get(name);
    if (known === undefined) wire.describe({ type: "P" });
    else this.#reader = known;
    wire.execute();
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#reader = new RowReader(fields);
    this.#keep();
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#failure !== null || this.#reader === null) return;
    try {
      if (!this.#sink.add(this.#reader.read(fields))) this.#events.full();
    } catch (error) {
      this.#failure = error;
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [command = "", ...counts] = text.split(" ");
    if (changing.has(command)) this.#sink.affected = Number(counts.at(-1) ?? 0);
  }

  handleReadyForQuery(): void {
    if (this.#failure !== null) {
      this.#events.failed(this.#failure);
      return;
    }
    this.#keep();
    if (this.#reader !== null) this.#sink.columns = this.#reader.columns;
    this.#events.ended();
  }

  #keep(): void {
    if (this.name !== "") this.#prepared.set(this.name, this.#reader);
  }

  handleError(error: unknown): void {
    this.#events.failed(error);
  }

  handleEmptyQuery(): void {
    // Nothing was asked, and nothing comes.
  }

  handlePortalSuspended(): void {
    // Comes only where the number of rows is bounded in the request.
  }

  handleCopyInResponse(connection: unknown): void {
    const wire = connection as Wire;
    wire.sendCopyFail("a step sends no COPY data");
    // The one that was sent before does not count while the server waits for data.
    wire.sync();
  }

  handleCopyData(): void {
    // What COPY gives is no row.
  }
}

const changing = new Set(["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"]);
