import { readFile } from "node:fs/promises";

/** CPU time so far that the host gave to somebody else, in clock ticks summed over cores, and all time. */
export async function readSteal(): Promise<{ steal: number; total: number }> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, each) => sum + each, 0) };
}

/** Share of steal, 0..1, between two readings. */
export function stealBetween(
  before: { steal: number; total: number },
  after: { steal: number; total: number },
): number {
  return (after.steal - before.steal) / Math.max(1, after.total - before.total);
}
