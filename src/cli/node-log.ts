import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { destination, pino, stdTimeFunctions } from "pino";
import type { LoggingConfiguration } from "../config/configuration.ts";
import { EngineError } from "../errors.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Log, LogLevel, Masker } from "../protocol/ports.ts";
import { explainWriteError } from "./explain-write-error.ts";
import { createLineWriter, type LineWriter } from "./log-line.ts";
import type { Terminal } from "./terminal.ts";

/** The log of a master or slave. Writing waits for nobody and throws nothing: who reads too slowly misses lines, which are counted. */
export interface NodeLog {
  readonly log: Log;
  /** Takes the level, and opens the file again: it may have been renamed. */
  reload(logging: Pick<LoggingConfiguration, "level">): void;
  /** Resolves when what still waits is written, or could not be; after half a second at most. */
  close(): Promise<void>;
}

export interface NodeLogOptions {
  readonly logging: LoggingConfiguration;
  readonly terminal: Terminal;
  /** Hides the configuration's secrets. */
  readonly mask: Masker;
  /** On every line: who writes it. */
  readonly fields: JsonObject;
}

type Output = ReturnType<typeof destination>;

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Characters that wait to be written; what comes on top is dropped. */
const mostWaiting = 8 * 1024 * 1024;
/** Of a tenth of a second each, for a reader that has stopped reading. */
const triesAtTheEnd = 5;
const longestCloseMs = 500;

/** Throws EngineError `unwritable_output` where the file cannot be opened. */
export function createNodeLog({ logging, terminal, mask, fields }: NodeLogOptions): NodeLog {
  let level = logging.level;
  let dropped = 0;
  let triesLeft = Number.POSITIVE_INFINITY;
  const output = openOutput(logging, () => --triesLeft > 0);
  /** Bytes that wait to be written, or are being. */
  let waiting = 0;
  const settled = Promise.withResolvers<void>();
  let closing = false;
  let closed = false;
  const settle = (written: number): void => {
    waiting -= written;
    if (closing && waiting <= 0) settled.resolve();
  };
  output.on("write", settle);
  output.on("drop", (line: string) => {
    dropped++;
    settle(Buffer.byteLength(line));
  });
  output.on("error", () => settle(waiting));
  tellFailures(output, terminal);
  const add = (line: string): void => {
    if (closed) return;
    const masked = mask(line);
    waiting += Buffer.byteLength(masked);
    output.write(masked);
  };
  const isText = logging.format === "text" || (logging.format === null && terminal.out.interactive);
  const write = isText ? createLineWriter(add, terminal.out.colors, fields) : createJsonWriter(add, fields);

  const tellDropped = (): void => {
    const before = dropped;
    write("warn", `${before} lines of the log were dropped: they came faster than they are read`, {});
    dropped = dropped === before ? 0 : before;
  };
  return {
    log: (rank, message, more = {}) => {
      if (ranks[rank] < ranks[level]) return;
      if (dropped > 0) tellDropped();
      write(rank, message, more);
    },
    reload(next) {
      level = next.level;
      if (logging.output === "file") output.reopen();
    },
    async close() {
      // Not `flushSync`: it tries for ever where the disk is full or nobody reads any more.
      triesLeft = triesAtTheEnd;
      closing = true;
      settle(0);
      const limit = setTimeout(settled.resolve, longestCloseMs);
      await settled.promise;
      clearTimeout(limit);
      // The library's own flush at the end of the process is that one.
      closed = true;
      output.destroy();
    },
  };
}

function openOutput({ output, file }: LoggingConfiguration, retryEAGAIN: () => boolean): Output {
  if (output === "file" && file !== null) tryFile(file);
  const dest = output === "file" && file !== null ? file : 1;
  return destination({ dest, sync: false, mkdir: true, mode: 0o640, maxLength: mostWaiting, retryEAGAIN });
}

function tryFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, "a", 0o640));
  } catch (cause) {
    throw new EngineError("unwritable_output", `cannot write the log ${file}: ${explainWriteError(cause)}`, { cause });
  }
}

/** Once; a reader that has left is no failure. */
function tellFailures(output: Output, terminal: Terminal): void {
  let isTold = false;
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || isTold) return;
    isTold = true;
    terminal.tell(`${terminal.err.colors.red("error:")} the log cannot be written: ${explainWriteError(error)}\n`);
  });
}

function createJsonWriter(write: (line: string) => void, base: JsonObject): LineWriter {
  const logger = pino(
    {
      level: "debug",
      base,
      messageKey: "message",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return (level, message, fields) => logger[level](fields, message);
}
