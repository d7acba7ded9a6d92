import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const entry = join(repository, "dist", "cli", "main.js");

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed; null: it stays open and silent. */
  readonly stdin?: string | null;
  /** A process group of its own, as a terminal gives it. */
  readonly ownGroup?: boolean;
  readonly cwd?: string;
  /** A file descriptor instead of the pipe that collects stdout. */
  readonly stdout?: number;
  /** A command that starts it, with the arguments that come before: `prlimit --fsize=0`. */
  readonly starter?: readonly string[];
  /** After this the command is killed and `finished` rejects; default 55 s, below the time of a test that gives no other. */
  readonly deadlineMs?: number;
}

export interface Finished {
  /** null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when stdout and stderr together match. */
  seen(pattern: RegExp): Promise<void>;
  /** What it has written so far. */
  shown(): string;
}

/** Not hooks of one test: several tests of a file may run at once. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the built command line; it is killed at its deadline or when the tests of the file end. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { deadlineMs = 55_000 } = options;
  const startedAt = performance.now();
  const node = [process.execPath, "--disable-warning=TimeoutNegativeWarning", "--", entry];
  const [command = "", ...before] = [...(options.starter ?? []), ...node];
  const child = spawn(command, [...before, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...options.env },
    detached: options.ownGroup ?? false,
    stdio: ["pipe", options.stdout ?? "pipe", "pipe"],
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const look of watchers) look();
    });
  }
  child.stdin?.on("error", () => child.stdin?.destroy());
  if (options.stdin !== null) child.stdin?.end(options.stdin ?? "");

  const shown = (): string => `--- stdout\n${output.stdout}\n--- stderr\n${output.stderr}`;
  const finished = new Promise<Finished>((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`not finished after ${deadlineMs} ms: ${args.join(" ")}\n${shown()}`));
    }, deadlineMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(deadline);
      running.delete(child);
      resolve({ code, ...output, ms: performance.now() - startedAt });
    });
  });
  const seen = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(output.stdout + output.stderr)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      child.once("close", () => reject(new Error(`ended before ${pattern} was seen\n${shown()}`)));
    });
  return { child, finished, seen, shown };
}

/** What a run wrote to stderr, but for how it goes, which it tells every 10 s. */
export function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^\d+:\d\d .*\n/gm, "");
}

/** Runs the built command line to its end. */
export function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  return startCommand(args, options).finished;
}
