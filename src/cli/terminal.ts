import { writeSync } from "node:fs";
import picocolors from "picocolors";
import { explainWriteError } from "./explain-write-error.ts";

type Colors = ReturnType<typeof picocolors.createColors>;

/** What commands write to. Writing never throws: a reader that has left is no error, a full disk is told once. */
export interface Terminal {
  /** Results, on stdout. */
  print(text: string): void;
  /** Everything else, on stderr, above the status. */
  tell(text: string): void;
  /** Replaces the lines at the bottom of an interactive stderr; none removes them. Lines must fit into its width. */
  showStatus(lines: readonly string[]): void;
  readonly out: Side;
  readonly err: Side;
  /** Set when results could not be written, and why. */
  readonly failure: string | null;
}

/** One of the two streams. */
export interface Side {
  readonly interactive: boolean;
  readonly colored: boolean;
  readonly colors: Colors;
  /** Columns; 100 where there is no terminal. */
  width(): number;
}

/** The process's own streams. `colorless`: the user asked for no colour. */
export function createTerminal(colorless: boolean): Terminal {
  let failure: string | null = null;
  let status: readonly string[] = [];
  process.stderr.on("error", ignoreError);
  process.stdout.on("error", ignoreError);
  const out = createSide(process.stdout, colorless);
  const err = createSide(process.stderr, colorless);
  return {
    out,
    err,
    get failure() {
      return failure;
    },
    print(text) {
      const shown = status;
      this.showStatus([]);
      const error = writeAll(process.stdout.fd, text);
      if (error !== null && error.code !== "EPIPE") failure = explainWriteError(error);
      this.showStatus(shown);
    },
    tell(text) {
      writeAll(process.stderr.fd, eraseLines(status.length) + text + status.map((line) => `${line}\n`).join(""));
    },
    showStatus(lines) {
      if (!err.interactive || (lines.length === 0 && status.length === 0)) return;
      writeAll(process.stderr.fd, eraseLines(status.length) + lines.map((line) => `${line}\n`).join(""));
      status = lines;
    },
  };
}

function createSide(stream: NodeJS.WriteStream, colorless: boolean): Side {
  const interactive = Boolean(stream.isTTY);
  const forced = (process.env.FORCE_COLOR ?? "") !== "";
  const refused = colorless || (process.env.NO_COLOR ?? "") !== "" || process.env.TERM === "dumb";
  const colored = !refused && (interactive || forced);
  return {
    interactive: interactive && process.env.TERM !== "dumb",
    colored,
    colors: picocolors.createColors(colored),
    width: () => (interactive ? stream.columns : 0) || 100,
  };
}

/** Moves the cursor up over so many lines and clears from there to the end of the screen. */
function eraseLines(count: number): string {
  return count === 0 ? "" : `\u001b[${count}A\r\u001b[J`;
}

/** Synchronous, so that nothing is lost when the process ends; a slow pipe is waited for. */
function writeAll(fd: number, text: string): NodeJS.ErrnoException | null {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (error.code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else return error;
    }
  }
  return null;
}

/** Failures are seen by `writeAll`; the streams' own events would end the process. */
function ignoreError(): void {}
