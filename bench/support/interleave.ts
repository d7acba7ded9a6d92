import { type Cost, measureCommand } from "./measure-command.ts";
import { median } from "./median.ts";

/** A command that makes load, and how to read what it did. */
export interface Client {
  readonly name: string;
  readonly command: readonly string[];
  /** The core or cores it may use, as `taskset` takes them. */
  readonly cores: string;
  /** Requests done, read from what it printed; NaN or 0 is a failure. */
  requests(cost: Cost): number;
}

/** What a client took, medians of its rounds. */
export interface Standing {
  readonly name: string;
  /** CPU of the whole process, µs a request. */
  readonly cpu: number;
  /** Requests in a second of the process. */
  readonly rate: number;
  /** Largest resident set, MB. */
  readonly memory: number;
  /** Its CPU a request over the first client's of the same round. */
  readonly ratio: number;
  /** Its requests a second over the first client's of the same round. */
  readonly pace: number;
}

/** Runs the clients one after the other, so many rounds. Throws with what it printed where one fails. */
export async function interleave(clients: readonly Client[], rounds: number): Promise<Standing[]> {
  const seen = clients.map((): Standing[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [place, client] of clients.entries()) {
      const cost = await measureCommand(client.command, client.cores);
      const requests = client.requests(cost);
      if (cost.exitCode !== 0 || !(requests > 0)) {
        const printed = `${cost.stderr.slice(-2_000)}${cost.stdout.slice(-1_000)}`;
        throw new Error(`${client.name} failed (exit ${cost.exitCode}): ${printed}`);
      }
      const cpu = ((cost.userSeconds + cost.systemSeconds) * 1e6) / requests;
      const rate = requests / cost.wallSeconds;
      const first = seen[0]?.[round] ?? { cpu, rate };
      const [ratio, pace, memory] = [cpu / first.cpu, rate / first.rate, cost.peakMemory / 1e6];
      seen[place]?.push({ name: client.name, cpu, rate, memory, ratio, pace });
    }
  }
  return clients.map(({ name }, place) => {
    const of = (field: "cpu" | "rate" | "memory" | "ratio" | "pace") =>
      median(seen[place]?.map((standing) => standing[field]) ?? []);
    return { name, cpu: of("cpu"), rate: of("rate"), memory: of("memory"), ratio: of("ratio"), pace: of("pace") };
  });
}
