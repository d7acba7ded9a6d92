import type { Socket } from "node:net";
import pg, { type Client, type QueryConfig, type QueryResult } from "pg";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, Statement, StatementEnd } from "../driver.ts";
import type { RowSink } from "../row-sink.ts";
import { readPostgresType } from "./read-type.ts";

/** The parts of pg's client and queries that its types leave out. */
interface Inside {
  readonly connection: { readonly stream: Socket };
  getTransactionStatus(): "I" | "T" | "E" | null;
}

const types = { getTypeParser: readPostgresType };

/** A client that has connected. */
export function createPostgresConnection(client: Client): DbConnection {
  const inside = client as unknown as Inside;
  const { stream } = inside.connection;
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

  function perform(config: QueryConfig & { readonly queryMode: "extended" }, sink: RowSink): Promise<StatementEnd> {
    return new Promise((resolve, reject) => {
      const settle = (error: unknown, result?: QueryResult) => {
        if (giveUp !== settle) return;
        giveUp = null;
        limit.stop();
        if (sink.failure !== null) reject(sink.failure);
        else if (result === undefined) reject(error as Error);
        else resolve({ affected: result.command === "SELECT" ? 0 : countChanged(result), lastId: null });
      };
      giveUp = settle;
      limit.start(sink);
      const query = new pg.Query(config);
      query.on("row", (row) => {
        if (!sink.add(row)) destroy();
      });
      query.on("end", (result) => settle(null, result));
      query.on("error", (error) => {
        // The server says that it is ready for the next only behind the error.
        if (isBroken) settle(error);
        else client.once("drain", () => settle(error));
      });
      client.query(query);
    });
  }

  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return inside.getTransactionStatus() !== "I";
    },
    run: ({ text, params, name }: Statement, sink) =>
      perform(
        { text, values: params.map(toParameter), types, queryMode: "extended", ...(name === null ? {} : { name }) },
        sink,
      ),
    control: (action, sink) => perform({ text: action.toUpperCase(), queryMode: "extended" }, sink),
    destroy,
  };
}

function countChanged({ command, rowCount }: QueryResult): number {
  return ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"].includes(command) ? (rowCount ?? 0) : 0;
}

/** Lists become arrays of PostgreSQL, maps JSON. */
function toParameter(value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
