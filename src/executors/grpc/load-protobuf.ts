import { createRequire } from "node:module";
import type * as Protobuf from "protobufjs";

const require = createRequire(import.meta.url);

/** The parser and codec of protocol buffers, loaded with the first workflow that has a grpc step. */
export function loadProtobuf(): typeof Protobuf {
  return require("protobufjs") as typeof Protobuf;
}

/**
 * The definitions of a standard file such as `google/protobuf/timestamp.proto`, which need not lie anywhere; null: it is
 * none.
 */
export function findStandardProto(name: string): Protobuf.INamespace | null {
  const short = /^google\/protobuf\/([a-z_]+)\.proto$/.exec(name)?.[1];
  if (short === undefined) return null;
  const known = (loadProtobuf().common as unknown as Record<string, Protobuf.INamespace | undefined>)[name];
  if (known !== undefined) return known;
  const others = ["api", "descriptor", "source_context", "type"];
  return others.includes(short) ? (require(`protobufjs/google/protobuf/${short}.json`) as Protobuf.INamespace) : null;
}
