import type { Log, LogLevel, Masker } from "../protocol/ports.ts";
import { formatField } from "./log-line.ts";
import type { Terminal } from "./terminal.ts";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Log lines for people on stderr: `warning: message key=value`; what is below `lowest` is left out. */
export function createTextLog(terminal: Terminal, lowest: LogLevel, mask: Masker): Log {
  const { colors } = terminal.err;
  const marks: Readonly<Record<LogLevel, string>> = {
    debug: colors.dim("debug:"),
    info: colors.blue("info:"),
    warn: colors.yellow("warning:"),
    error: colors.red("error:"),
  };
  return (level, message, fields) => {
    if (ranks[level] < ranks[lowest]) return;
    const pairs = Object.entries(fields ?? {}).map(([name, value]) => ` ${name}=${formatField(value)}`);
    terminal.tell(`${marks[level]} ${mask(message + pairs.join(""))}\n`);
  };
}
