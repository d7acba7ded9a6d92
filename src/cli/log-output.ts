import { closeSync, constants, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { EngineError } from "../errors.ts";
import { explainWriteError } from "./explain-write-error.ts";
import { makeFolder } from "./make-folder.ts";

/** Where lines of a log go. Nothing waits for a slow reader: what is too much is dropped and counted. */
export interface LogOutput {
  write(line: string): void;
  /** Lines dropped since the last call. */
  takeDropped(): number;
  /** Opens the file again; the old one stays where that fails. */
  reopen(): void;
  /** Writes what still waits, for half a second at most. */
  flush(): void;
}

/** Bytes that wait to be written; what comes on top is dropped. */
const mostWaiting = 8 * 1024 * 1024;
const retryMs = 10;
const triesAtTheEnd = 50;
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/**
 * Writes to a file (made with its folder if need be), or to stdout, which Node has made one that never blocks where it is
 * a pipe. `onFailure` hears of the first failure; a reader that has left is none. Throws EngineError `unwritable_output`
 * where the file cannot be opened.
 */
export function openLogOutput(file: string | null, onFailure: (message: string) => void): LogOutput {
  let descriptor = file === null ? 1 : openFile(file);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let isTold = false;
  let retry: NodeJS.Timeout | null = null;

  const fail = (error: NodeJS.ErrnoException): void => {
    waiting = [];
    waitingBytes = 0;
    if (isTold || error.code === "EPIPE") return;
    isTold = true;
    onFailure(explainWriteError(error));
  };
  /** Writes as much as goes now; false: the reader is behind. */
  const drain = (): boolean => {
    try {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        const written = writeSync(descriptor, next);
        waitingBytes -= written;
        if (written === next.length) waiting.shift();
        else waiting[0] = next.subarray(written);
      }
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (error.code === "EAGAIN") return false;
      fail(error);
    }
    return true;
  };
  const schedule = (): void => {
    // It keeps nobody alive: the end flushes.
    retry ??= setTimeout(() => {
      retry = null;
      if (!drain()) schedule();
    }, retryMs).unref();
  };
  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > mostWaiting) {
        dropped++;
        return;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (retry === null && !drain()) schedule();
    },
    takeDropped() {
      // Only once there is room to say it.
      const count = waitingBytes > mostWaiting / 2 ? 0 : dropped;
      dropped -= count;
      return count;
    },
    reopen() {
      if (file === null) return;
      try {
        const next = openFile(file);
        closeSync(descriptor);
        descriptor = next;
        isTold = false;
      } catch (error) {
        onFailure(error instanceof Error ? error.message : String(error));
      }
    },
    flush() {
      for (let tries = 0; tries < triesAtTheEnd && !drain(); tries++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    },
  };
}

function openFile(file: string): number {
  try {
    makeFolder(dirname(resolve(file)));
    return openSync(file, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, 0o640);
  } catch (cause) {
    throw new EngineError("unwritable_output", `cannot write the log ${file}: ${explainWriteError(cause)}`, { cause });
  }
}
