import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a whole process cost, as the operating system accounts for it. */
export interface Cost {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly wallSeconds: number;
  /** Largest resident set, bytes. */
  readonly peakMemory: number;
}

/** Runs a command to its end on the given core(s) under GNU time (Debian package `time`). */
export async function measureCommand(command: readonly string[], cores: string): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    const times = join(folder, "times");
    const argv = ["-c", cores, "/usr/bin/time", "-f", "%U %S %e %M", "-o", times, ...command];
    const child = spawn("taskset", argv, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? -1));
    });
    const line = (await readFile(times, "utf8")).trim().split("\n").at(-1) ?? "";
    const [user = Number.NaN, system = Number.NaN, wall = Number.NaN, kilobytes = Number.NaN] = line
      .split(" ")
      .map(Number);
    return {
      stdout,
      stderr,
      exitCode,
      userSeconds: user,
      systemSeconds: system,
      wallSeconds: wall,
      peakMemory: kilobytes * 1024,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
