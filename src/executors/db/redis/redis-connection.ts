import type { Socket } from "node:net";
import { Decoder, RESP_TYPES } from "@redis/client/dist/lib/RESP/decoder.js";
import { DriverFailure } from "../../../driver/call-driver.ts";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, Statement, StatementEnd } from "../driver.ts";
import type { RowSink } from "../row-sink.ts";

/** What Redis answers with an error. */
export class RedisRefusal extends Error {}

/** After these a connection says things that nobody asked for. */
const unasked = /^(?:p|s)?(?:un)?subscribe$|^monitor$|^(?:p)?sync$|^hello$|^reset$|^quit$|^client$/i;
const transactional = /^(?:multi|exec|discard)$/i;

const words = { begin: "MULTI", commit: "EXEC", rollback: "DISCARD" };

/** Texts as Buffers; whole numbers as texts, so that they keep their digits. */
const asBuffers = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };

/** A connection that is dialled. */
export function createRedisConnection(stream: Socket): DbConnection {
  let isBroken = false;
  let isInTransaction = false;
  let waiting: { resolve(reply: unknown): void; reject(error: unknown): void } | null = null;
  const decoder = new Decoder({
    onReply: (reply: unknown) => settle((asked) => asked.resolve(reply)),
    onErrorReply: (error) => settle((asked) => asked.reject(new RedisRefusal(error.message))),
    onPush: () => undefined,
    getTypeMapping: () => asBuffers,
  });

  function settle(tell: (asked: NonNullable<typeof waiting>) => void): void {
    const asked = waiting;
    waiting = null;
    if (asked !== null) tell(asked);
  }
  const breakOff = (error: unknown) => {
    isBroken = true;
    settle((asked) => asked.reject(error));
  };
  stream.on("data", (chunk) => {
    try {
      decoder.write(chunk);
    } catch (cause) {
      stream.destroy();
      breakOff(new Error("what came is not the protocol of Redis", { cause }));
    }
  });
  stream.on("error", breakOff);
  stream.on("close", () => breakOff(new Error("the connection is closed")));
  const limit = new ByteLimit(stream, () => destroy());

  function destroy(): void {
    isBroken = true;
    stream.destroy();
  }

  async function send(params: readonly (string | Buffer)[], encoding: Statement["encoding"], sink: RowSink) {
    limit.start(sink);
    try {
      const reply = await new Promise<unknown>((resolve, reject) => {
        waiting = { resolve, reject };
        stream.cork();
        stream.write(`*${params.length}\r\n`);
        for (const word of params) {
          stream.write(`$${Buffer.byteLength(word)}\r\n`);
          stream.write(word);
          stream.write("\r\n");
        }
        stream.uncork();
      });
      const rows: readonly unknown[] = Array.isArray(reply) ? reply : [reply];
      for (const row of rows) if (!sink.add(toPlain(row, encoding))) break;
    } catch (error) {
      throw sink.failure ?? error;
    } finally {
      limit.stop();
    }
    if (sink.failure !== null) throw sink.failure;
  }

  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return isInTransaction;
    },
    async run({ params, encoding }, sink): Promise<StatementEnd> {
      const given = params.map((value) => (Buffer.isBuffer(value) ? value : toWord(value)));
      const [command = ""] = given;
      if (transactional.test(String(command))) {
        throw new DriverFailure(
          "unsupported",
          "a transaction belongs to the VU: write action: begin, commit or rollback",
        );
      }
      if (unasked.test(String(command))) {
        throw new DriverFailure(
          "unsupported",
          `${String(command).toUpperCase()} changes the connection that all share; it is not for db steps`,
        );
      }
      await send(given, encoding, sink);
      return { affected: 0, lastId: null };
    },
    async control(action, sink): Promise<StatementEnd> {
      await send([words[action]], "text", sink);
      isInTransaction = action === "begin";
      return { affected: 0, lastId: null };
    },
    destroy,
  };
}

function toWord(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
}

function toPlain(value: unknown, encoding: Statement["encoding"]): unknown {
  if (Buffer.isBuffer(value)) return value.toString(encoding === "text" ? "utf8" : encoding);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, encoding));
  if (typeof value === "string") return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
  if (value instanceof Error) return { error: value.message };
  return value;
}
