import { readFileSync } from "node:fs";

/** CPU of a process so far, user and system, in hundredths of a second. */
export function readTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
