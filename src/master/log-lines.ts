import type { LogLine, LogList } from "../protocol/rest.ts";

/** An execution's log, bounded: what does not fit is counted. */
export interface LogLines {
  add(line: LogLine): void;
  list(): LogList;
}

const mostLines = 10_000;
const mostCharacters = 4 * 1024 * 1024;

/** No lines yet. The first ones are kept: they tell how it began to go wrong. */
export function createLogLines(): LogLines {
  const logs: LogLine[] = [];
  let characters = 0;
  let dropped = 0;
  return {
    add(line) {
      characters += line.message.length;
      if (logs.length < mostLines && characters <= mostCharacters) logs.push(line);
      else dropped++;
    },
    list: () => ({ logs: [...logs], dropped }),
  };
}
