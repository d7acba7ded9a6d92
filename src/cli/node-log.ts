import { pino, stdTimeFunctions } from "pino";
import type { LoggingConfiguration } from "../config/configuration.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Log, LogLevel, Masker } from "../protocol/ports.ts";
import { createLineWriter, type LineWriter } from "./log-line.ts";
import { openLogOutput } from "./log-output.ts";
import type { Terminal } from "./terminal.ts";

/** The log of a master or slave. Writing waits for nobody and throws nothing: who reads too slowly misses lines, which are counted. */
export interface NodeLog {
  readonly log: Log;
  /** Takes the level, and opens the file again: it may have been renamed. */
  reload(logging: Pick<LoggingConfiguration, "level">): void;
  /** Writes what still waits, for a moment at most. */
  close(): void;
}

export interface NodeLogOptions {
  readonly logging: LoggingConfiguration;
  readonly terminal: Terminal;
  /** Hides the configuration's secrets. */
  readonly mask: Masker;
  /** On every line: who writes it. */
  readonly fields: JsonObject;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Throws EngineError `unwritable_output` where the file cannot be opened. */
export function createNodeLog({ logging, terminal, mask, fields }: NodeLogOptions): NodeLog {
  let level = logging.level;
  const output = openLogOutput(logging.output === "file" ? logging.file : null, (message) => {
    terminal.tell(`${terminal.err.colors.red("error:")} the log is not written: ${message}\n`);
  });
  const put = (line: string): void => output.write(mask(line));
  const isText = logging.format === "text" || (logging.format === null && terminal.out.interactive);
  const write = isText ? createLineWriter(put, terminal.out.colors, fields) : createJsonWriter(put, fields);
  process.once("exit", output.flush);
  return {
    log(rank, message, more = {}) {
      if (ranks[rank] < ranks[level]) return;
      const dropped = output.takeDropped();
      if (dropped > 0)
        write("warn", `${dropped} lines of the log were dropped: they came faster than they are read`, {});
      write(rank, message, more);
    },
    reload(next) {
      level = next.level;
      output.reopen();
    },
    close() {
      process.off("exit", output.flush);
      output.flush();
    },
  };
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
