import type { Socket } from "node:net";
import mysql, { type Connection, type FieldPacket, type ResultSetHeader } from "mysql2";
import { parseJson } from "../../../http/parse-json.ts";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, HearEnd, Statement } from "../driver.ts";
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
/** Types that come as numbers without loss: those of up to 32 bits, and fractions. */
const numbers = new Set([1, 2, 3, 4, 5, 9, 13]);
/** Types that come as texts, or with the character set `binary` as bytes. */
const texts = new Set([15, 253, 254]);
const binary = 63;
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

  function perform(start: () => Running, sink: RowSink, over: HearEnd): void {
    let fields: readonly FieldPacket[] | undefined;
    let failure: unknown = null;
    const settle = (error: unknown) => {
      if (giveUp !== settle) return;
      giveUp = null;
      limit.stop();
      over(error);
    };
    giveUp = settle;
    limit.start(sink);
    const running = start();
    running.on("fields", (given) => {
      fields = given;
      if (given !== undefined) sink.columns = given.length;
    });
    running.on("result", (value, place) => {
      if (place === undefined) {
        const header = value as ResultSetHeader & { readonly serverStatus: number };
        status = header.serverStatus;
        sink.affected += header.affectedRows;
        sink.lastId = readId(header.insertId) ?? sink.lastId;
        return;
      }
      if (fields !== undefined) convert(value as Record<string, unknown>, fields);
      if (!sink.add(value)) destroy();
    });
    running.on("error", (error) => {
      failure = error;
    });
    running.on("end", () => settle(failure));
  }

  function run({ text, params, name }: Statement, sink: RowSink, over: HearEnd): void {
    const values = params.map(toParameter);
    const query = () => connection.query(text, values) as unknown as Running;
    const execute = () => connection.execute(text, values) as unknown as Running;
    const isPlain = values.length === 0;
    if (isPlain && (name === null || unprepared.has(text))) {
      perform(query, sink, over);
      return;
    }
    perform(execute, sink, (error) => {
      // One that is sent once is not kept on the server.
      if (name === null && !isBroken) connection.unprepare(text);
      if (isPlain && isUnpreparable(error)) {
        unprepared.add(text);
        perform(query, sink, over);
      } else over(error);
    });
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
    control: (action, sink, over) => perform(() => connection.query(words[action]) as unknown as Running, sink, over),
    destroy,
  };
}

function isUnpreparable(error: unknown): boolean {
  return (error as { readonly errno?: unknown } | null)?.errno === unpreparable;
}

/** What a driver leaves to its users: numbers with all their digits, documents, bytes. */
function convert(row: Record<string, unknown>, fields: readonly FieldPacket[]): void {
  for (const { name, columnType = 0, characterSet } of fields) {
    if (numbers.has(columnType) || (texts.has(columnType) && characterSet !== binary)) continue;
    const value = row[name];
    if (typeof value === "string") {
      if (columnType === longLong) row[name] = BigInt(value);
      else if (columnType === json) row[name] = parseJson(value) ?? value;
    } else if (Buffer.isBuffer(value)) row[name] = value.toString("base64");
  }
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
