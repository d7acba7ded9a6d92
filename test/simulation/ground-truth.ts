/** A rule of the protocol that did not hold. */
export class BrokenRule extends Error {
  constructor(rule: string, details: string) {
    super(`${rule}: ${details}`);
    this.name = "BrokenRule";
  }
}

/** What the target and an all-seeing observer know: each start of an operation, at the true time. */
export interface GroundTruth {
  readonly operations: number;
  readonly setups: number;
  readonly teardowns: number;
  /** The longest time without a start of each VU between its first and its last, ms. */
  findLongestGap(): number;
  countVus(): number;
  /** A VU begins its life on a source: `epoch` is the one its share came with. */
  beginVu(vu: number, source: string, epoch: number): void;
  start(vu: number, source: string, epoch: number, now: number): void;
  runSetup(): void;
  runTeardown(): void;
}

/** Watches the rules about starts while they happen; `vus`: N. */
export function createGroundTruth(vus: number): GroundTruth {
  const begun = new Set<string>();
  const latest = new Map<number, { source: string; epoch: number; at: number; longestGap: number }>();
  const inSecond = new Set<number>();
  let second = -1;
  let operations = 0;
  let setups = 0;
  let teardowns = 0;
  return {
    get operations() {
      return operations;
    },
    get setups() {
      return setups;
    },
    get teardowns() {
      return teardowns;
    },
    findLongestGap: () => Math.max(0, ...[...latest.values()].map(({ longestGap }) => longestGap)),
    countVus: () => latest.size,
    beginVu(vu, source, epoch) {
      const name = `${vu} on ${source} of epoch ${epoch}`;
      if (begun.has(name)) throw new BrokenRule("survivors' VUs are never restarted", name);
      begun.add(name);
    },
    start(vu, source, epoch, now) {
      operations++;
      if (Math.floor(now / 1_000) !== second) {
        second = Math.floor(now / 1_000);
        inSecond.clear();
      }
      inSecond.add(vu);
      if (inSecond.size > vus || vu > vus || vu < 1) {
        throw new BrokenRule(
          "never more than N VUs start operations",
          `${inSecond.size} of ${vus}, vu ${vu} at ${now}`,
        );
      }
      const before = latest.get(vu);
      if (before !== undefined && before.source !== source && epoch <= before.epoch) {
        throw new BrokenRule(
          "no start from an old holder after the new one's first",
          `vu ${vu} at ${now} on ${source} (epoch ${epoch}) after ${before.source} (epoch ${before.epoch})`,
        );
      }
      latest.set(vu, {
        source,
        epoch,
        at: now,
        longestGap: Math.max(before?.longestGap ?? 0, before === undefined ? 0 : now - before.at),
      });
    },
    runSetup() {
      if (++setups > 1) throw new BrokenRule("setup is started at most once", `${setups} times`);
    },
    runTeardown() {
      if (++teardowns > 1) throw new BrokenRule("teardown is started at most once", `${teardowns} times`);
    },
  };
}
