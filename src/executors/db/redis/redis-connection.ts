import type { Socket } from "node:net";
import { Decoder, RESP_TYPES } from "@redis/client/dist/lib/RESP/decoder.js";
import { DriverFailure } from "../../../driver/call-driver.ts";
import { ByteLimit } from "../byte-limit.ts";
import type { DbConnection, HearEnd, Statement } from "../driver.ts";
import type { RowSink } from "../row-sink.ts";

/** What Redis answers with an error. */
export class RedisRefusal extends Error {}

/** After these a connection says things that nobody asked for. */
const unasked = /^(?:p|s)?(?:un)?subscribe$|^monitor$|^(?:p)?sync$|^hello$|^reset$|^quit$|^client$/i;
const transactional = /^(?:multi|exec|discard)$/i;

const controls = { begin: "MULTI", commit: "EXEC", rollback: "DISCARD" };

/** Texts as Buffers; whole numbers as texts, so that they keep their digits. */
const asBuffers = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };

/** A connection that is dialled. */
export function createRedisConnection(stream: Socket): DbConnection {
  let isBroken = false;
  let isInTransaction = false;
  let waiting: { readonly sink: RowSink; readonly encoding: Statement["encoding"]; readonly over: HearEnd } | null =
    null;
  const decoder = new Decoder({
    onReply: (reply: unknown) => settle(null, reply),
    onErrorReply: (error) => settle(new RedisRefusal(error.message), null),
    onPush: () => undefined,
    getTypeMapping: () => asBuffers,
  });

  function settle(error: unknown, reply: unknown): void {
    const asked = waiting;
    if (asked === null) return;
    waiting = null;
    limit.stop();
    const { sink, encoding, over } = asked;
    if (error === null) {
      if (Array.isArray(reply)) addAll(reply, sink, encoding);
      else sink.add(toPlain(reply, encoding));
    }
    over(error);
  }
  const breakOff = (error: unknown) => {
    isBroken = true;
    settle(error, null);
  };
  // Before the decoder: a reply that came whole is too long, too.
  const limit = new ByteLimit(stream, () => destroy());
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

  function destroy(): void {
    isBroken = true;
    stream.destroy();
  }

  function send(words: readonly (string | Buffer)[], encoding: Statement["encoding"], sink: RowSink, over: HearEnd) {
    waiting = { sink, encoding, over };
    if (isBroken) {
      settle(new Error("the connection is closed"), null);
      return;
    }
    limit.start(sink);
    let text = `*${words.length}\r\n`;
    stream.cork();
    for (const word of words) {
      if (typeof word === "string") text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
      else {
        stream.write(`${text}$${word.length}\r\n`);
        stream.write(word);
        text = "\r\n";
      }
    }
    stream.write(text);
    stream.uncork();
  }

  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return isInTransaction;
    },
    run({ params, encoding }, sink, over) {
      const words = params.map(toWord);
      const refusal = refuse(words);
      if (refusal === null) send(words, encoding, sink, over);
      else over(refusal);
    },
    control(action, sink, over) {
      send([controls[action]], "text", sink, (error) => {
        if (error === null) isInTransaction = action === "begin";
        over(error);
      });
    },
    destroy,
  };
}

/** null: it may be sent. */
function refuse([command = ""]: readonly (string | Buffer)[]): DriverFailure | null {
  const name = String(command);
  if (transactional.test(name)) {
    const message = "a transaction belongs to the VU: write action: begin, commit or rollback";
    return new DriverFailure("unsupported", message);
  }
  if (!unasked.test(name)) return null;
  const message = `${name.toUpperCase()} changes the connection that all share; it is not for db steps`;
  return new DriverFailure("unsupported", message);
}

function toWord(value: unknown): string | Buffer {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) return Buffer.isBuffer(value) ? value : JSON.stringify(value);
  return String(value ?? "");
}

function addAll(replies: readonly unknown[], sink: RowSink, encoding: Statement["encoding"]): void {
  for (const reply of replies) if (!sink.add(toPlain(reply, encoding))) return;
}

function toPlain(value: unknown, encoding: Statement["encoding"]): unknown {
  if (Buffer.isBuffer(value)) return value.toString(encoding === "text" ? "utf8" : encoding);
  if (Array.isArray(value)) return value.map((item) => toPlain(item, encoding));
  if (typeof value === "string") return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
  if (value instanceof Error) return { error: value.message };
  return value;
}
