import { deserialize, serialize } from "node:v8";

/** A value as bytes, in memory of their own: they can be handed to another thread. */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  return serialize(value);
}

/** The value of such bytes. Its typed arrays may lie in the bytes' memory and keep it alive. */
export function decodeValue(bytes: Uint8Array): unknown {
  return deserialize(bytes);
}
