import type { Socket } from "node:net";
import type { Client } from "pg";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, HearEnd } from "../driver.ts";
import type { RowSink } from "../row-sink.ts";
import { PostgresQuery, type RowReader } from "./postgres-query.ts";
import { toParameter } from "./to-parameter.ts";

/** The parts of pg's client that its types leave out. */
interface Inside {
  readonly connection: { readonly stream: Socket };
  getTransactionStatus(): "I" | "T" | "E" | null;
}

/** A client that has connected. */
export function createPostgresConnection(client: Client): DbConnection {
  const inside = client as unknown as Inside;
  const { stream } = inside.connection;
  /** How the rows of each prepared statement are read: the server says it once. */
  const prepared = new Map<string, RowReader | null>();
  let isBroken = false;
  let giveUp: ((error: unknown) => void) | null = null;
  const limit = new ByteLimit(stream, () => destroy());

  const breakOff = (error: unknown) => {
    isBroken = true;
    giveUp?.(error);
  };
  client.on("error", breakOff);
  client.on("end", () => breakOff(new Error("the connection is closed")));

  function destroy(): void {
    isBroken = true;
    stream.destroy();
  }

  function perform(text: string, params: readonly unknown[], name: string | null, sink: RowSink, over: HearEnd): void {
    const settle = (error: unknown) => {
      if (giveUp !== settle) return;
      giveUp = null;
      limit.stop();
      over(error);
    };
    giveUp = settle;
    limit.start(sink);
    const query = new PostgresQuery(text, params.map(toParameter), name ?? "", prepared, sink, {
      full: destroy,
      ended: () => settle(null),
      failed: (error) => {
        // The server says that it is ready for the next only behind the error.
        if (isBroken) settle(error);
        else client.once("drain", () => settle(error));
      },
    });
    client.query(query);
  }

  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return inside.getTransactionStatus() !== "I";
    },
    run: ({ text, params, name }, sink, over) => perform(text, params, name, sink, over),
    control: (action, sink, over) => perform(action.toUpperCase(), [], null, sink, over),
    destroy,
  };
}
