import { median } from "./median.ts";

/** One at a time asks for something, again and again. */
export interface Asker {
  ask(): Promise<unknown>;
  close(): void;
}

export interface Comparison {
  readonly name: string;
  /** What does the same without the product. */
  readonly bare: readonly Asker[];
  readonly steps: readonly Asker[];
  readonly ms: number;
  /** How many messages one asking brings; default 1. */
  readonly messages?: number;
  /** Before each measuring. */
  readonly prepare?: () => Promise<unknown>;
}

const rounds = 7;
/** Until compilers have settled: of a second and more each. */
const warmUpRounds = 3;

interface Measured {
  /** µs of CPU for one asking. */
  readonly cpu: number;
  /** In a second. */
  readonly rate: number;
}

/** Whoever asks knows how long each asking took: a bare driver's user would measure it, too. */
async function measure(askers: readonly Asker[], ms: number): Promise<Measured> {
  const times = new Float64Array(4_096);
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const end = startedAt + ms;
  let count = 0;
  await Promise.all(
    askers.map(async ({ ask }) => {
      for (let from = performance.now(); from < end; ) {
        await ask();
        const now = performance.now();
        times[count++ % times.length] = now - from;
        from = now;
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / count, rate: count / ((performance.now() - startedAt) / 1_000) };
}

/** Measures both by turns, 7 rounds after 3 that do not count, who is first changes; prints a line and closes the askers. */
export async function compareBareAndStep(comparison: Comparison): Promise<void> {
  const { name, bare, steps, ms, messages = 1, prepare } = comparison;
  const run = async (askers: readonly Asker[]): Promise<Measured> => {
    await prepare?.();
    return measure(askers, ms);
  };
  for (let round = 0; round < warmUpRounds; round++) {
    await run(bare);
    await run(steps);
  }
  const seen: { readonly bare: Measured; readonly step: Measured }[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) seen.push({ bare: await run(bare), step: await run(steps) });
    else {
      const step = await run(steps);
      seen.push({ bare: await run(bare), step });
    }
  }
  const print = (who: "bare" | "step"): string => {
    const cpu = median(seen.map((pair) => pair[who].cpu)) / messages;
    const rate = median(seen.map((pair) => pair[who].rate)) * messages;
    return `${who} ${cpu.toFixed(2)} µs CPU, ${Math.round(rate)}/s`;
  };
  const ratio = median(seen.map((pair) => pair.step.cpu / pair.bare.cpu));
  const pace = median(seen.map((pair) => pair.bare.rate / pair.step.rate));
  console.log(`${name}: ${print("bare")}; ${print("step")}; CPU × ${ratio.toFixed(2)}, time × ${pace.toFixed(2)}`);
  for (const asker of [...bare, ...steps]) asker.close();
}
