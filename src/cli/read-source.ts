import { closeSync, openSync, readSync } from "node:fs";
import { parseEnv } from "node:util";
import { EngineError } from "../errors.ts";
import { decodeText } from "../local/decode-text.ts";
import { explainReading } from "../local/explain-reading.ts";

/** More than any input has; a device that never ends must not fill the memory. */
const maxBytes = 128 * 1024 * 1024;

/** The text of a file. Throws EngineError `unreadable_file`. */
export function readSource(file: string): string {
  try {
    return decodeText(readBytes(file));
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** The text of stdin; a signal is heard while it waits for a slow writer. Throws EngineError `unreadable_file`. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) throw new TooLarge();
    }
    return decodeText(Buffer.concat(chunks));
  } catch (cause) {
    throw unreadable("stdin", cause);
  }
}

/** The pairs of an environment file. Throws EngineError `unreadable_file`. */
export function readEnvFile(file: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readSource(file)))) {
    if (value !== undefined) pairs[name] = value;
  }
  return pairs;
}

function readBytes(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size <= maxBytes; ) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const read = readSync(descriptor, chunk);
      if (read === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, read));
      size += read;
    }
    throw new TooLarge();
  } finally {
    closeSync(descriptor);
  }
}

class TooLarge extends Error {}

function unreadable(name: string, cause: unknown): EngineError {
  return new EngineError("unreadable_file", `cannot read ${name || "a file without a name"}: ${explain(cause)}`, {
    cause,
  });
}

function explain(cause: unknown): string {
  if (cause instanceof TooLarge) return `it is larger than ${maxBytes / 1024 / 1024} MiB`;
  return explainReading(cause);
}
