import type { JsonObject } from "../protocol/json.ts";
import type { FromSlave } from "../protocol/link.ts";
import { writeJson } from "../protocol/link-text.ts";
import type { Clock, Log, Masker } from "../protocol/ports.ts";

/** Lines of one execution that go to the master in a second; a script may write any number. */
const linesPerSecond = 100;
const longestLine = 4_096;

export interface ExecutionLogOptions {
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** Hides the execution's secrets. */
  readonly mask: Masker;
  send(message: FromSlave): void;
}

/** A log that is written here and sent to the master; what exceeds a hundred lines a second is counted and not sent. */
export function createExecutionLog(execution: string, options: ExecutionLogOptions): Log {
  const { clock, log, mask, send } = options;
  let second = Number.NEGATIVE_INFINITY;
  let sent = 0;
  let left = 0;
  return (level, unmasked, fields) => {
    const message = mask(unmasked + describeFields(fields));
    log(level, message, { execution });
    if (clock.now() - second >= 1_000) {
      if (left > 0) send({ type: "log", execution, level: "warn", message: `${left} lines were left out` });
      second = clock.now();
      sent = 0;
      left = 0;
    }
    if (sent++ >= linesPerSecond) {
      left++;
      return;
    }
    send({ type: "log", execution, level, message: message.slice(0, longestLine) });
  };
}

function describeFields(fields: JsonObject | undefined): string {
  return fields === undefined || Object.keys(fields).length === 0 ? "" : ` ${writeJson(fields)}`;
}
