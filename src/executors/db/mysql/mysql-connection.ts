import type { Socket } from "node:net";
import mysql, { type Connection, type FieldPacket, type ResultSetHeader } from "mysql2";
import { parseJson } from "../../../http/parse-json.ts";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, Statement, StatementEnd } from "../driver.ts";
import type { RowSink } from "../row-sink.ts";

/** The parts of mysql2's connection and commands that its types leave out. */
interface Running {
  on(event: "result", hear: (value: object, place?: number) => void): unknown;
  on(event: "fields", hear: (fields: readonly FieldPacket[] | undefined) => void): unknown;
  on(event: "error", hear: (error: unknown) => void): unknown;
  on(event: "end", hear: () => void): unknown;
}

const longLong = 8;
const json = 245;
/** Bit of the server's status: a transaction is open. */
const inTransaction = 1;
const maxSigned = 2n ** 63n - 1n;
/** The server cannot prepare such a statement. */
const unpreparable = 1295;

/** A connection that has passed its handshake. */
export function createMysqlConnection(connection: Connection): DbConnection {
  const { stream } = connection as unknown as { readonly stream: Socket };
  let isBroken = false;
  let status = 0;
  let giveUp: ((error: unknown) => void) | null = null;
  const limit = new ByteLimit(stream, () => destroy());
  const unprepared = new Set<string>();

  const breakOff = (error: unknown) => {
    isBroken = true;
    giveUp?.(error);
  };
  connection.on("error", breakOff);
  stream.on("close", () => breakOff(new Error("the connection is closed")));

  function destroy(): void {
    isBroken = true;
    connection.destroy();
    stream.destroy();
  }

  function perform(start: () => Running, sink: RowSink): Promise<StatementEnd> {
    return new Promise((resolve, reject) => {
      let end: StatementEnd = { affected: 0, lastId: null };
      let convert: ((row: Record<string, unknown>) => void) | null = null;
      const settle = (error: unknown) => {
        if (giveUp !== settle) return;
        giveUp = null;
        limit.stop();
        if (sink.failure !== null) reject(sink.failure);
        else if (error === null) resolve(end);
        else reject(error as Error);
      };
      giveUp = settle;
      limit.start(sink);
      let failure: unknown = null;
      const running = start();
      running.on("fields", (fields) => {
        convert = fields === undefined ? null : compileConversion(fields);
      });
      running.on("result", (value, place) => {
        if (place === undefined) {
          const header = value as ResultSetHeader & { readonly serverStatus: number };
          status = header.serverStatus;
          end = { affected: end.affected + header.affectedRows, lastId: readId(header.insertId) ?? end.lastId };
          return;
        }
        convert?.(value as Record<string, unknown>);
        if (!sink.add(value)) destroy();
      });
      running.on("error", (error) => {
        failure = error;
      });
      running.on("end", () => settle(failure));
    });
  }

  async function run({ text, params, name }: Statement, sink: RowSink): Promise<StatementEnd> {
    const values = params.map(toParameter);
    const query = () => connection.query({ sql: text, values }) as unknown as Running;
    if (values.length === 0 && (name === null || unprepared.has(text))) return perform(query, sink);
    try {
      return await perform(() => connection.execute({ sql: text, values }) as unknown as Running, sink);
    } catch (error) {
      if (values.length > 0 || (error as { readonly errno?: unknown }).errno !== unpreparable) throw error;
      unprepared.add(text);
      return perform(query, sink);
    } finally {
      // One that is sent once is not kept on the server.
      if (name === null && !isBroken) connection.unprepare(text);
    }
  }

  const words = { begin: "START TRANSACTION", commit: "COMMIT", rollback: "ROLLBACK" };

  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return (status & inTransaction) !== 0;
    },
    run,
    control: (action, sink) => perform(() => connection.query(words[action]) as unknown as Running, sink),
    destroy,
  };
}

/** null: every value is plain already. */
function compileConversion(fields: readonly FieldPacket[]): (row: Record<string, unknown>) => void {
  const names = fields.map(({ name }) => name);
  const types = fields.map(({ columnType, type }) => columnType ?? type ?? 0);
  return (row) => {
    for (const [place, name] of names.entries()) {
      const value = row[name];
      if (typeof value === "string") {
        if (types[place] === longLong) row[name] = BigInt(value);
        else if (types[place] === json) row[name] = parseJson(value) ?? value;
      } else if (Buffer.isBuffer(value)) row[name] = value.toString("base64");
    }
  };
}

function toParameter(value: unknown) {
  const { LONGLONG } = mysql.TypedParameter;
  // A number would go as a fraction, which a LIMIT refuses.
  if (typeof value === "number" && Number.isSafeInteger(value)) return LONGLONG(value);
  if (typeof value === "bigint") return value > maxSigned ? LONGLONG.unsigned(value) : LONGLONG(value);
  if (typeof value === "object" && value !== null && !Buffer.isBuffer(value)) return JSON.stringify(value);
  return value as string | number | boolean | Buffer | null;
}

function readId(id: number | string | bigint): number | bigint | null {
  if (typeof id === "string") return BigInt(id);
  return id === 0 ? null : id;
}
