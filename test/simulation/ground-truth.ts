/** A rule of the protocol that did not hold. */
export class BrokenRule extends Error {
  constructor(rule: string, details: string) {
    super(`${rule}: ${details}`);
    this.name = "BrokenRule";
  }
}

/** A start of an iteration, as the target and an all-seeing observer know it. */
export interface SeenStart {
  readonly scenario: number;
  readonly vu: number;
  /** Its number where the mode has one that must not come twice; null: it loops. */
  readonly iteration: string | null;
  readonly source: string;
  /** With which the VU came to the source. */
  readonly epoch: number;
  /** True time. */
  readonly now: number;
}

export interface GroundTruth {
  readonly operations: number;
  /** True time of the latest start. */
  readonly lastStart: number;
  /** The load of a source has ended, or had nothing to do any more since then; true time. */
  endLoad(at: number): void;
  readonly lastEnd: number;
  /** Iterations of a scenario that began, on whatever slave. */
  countBegun(scenario: number): number;
  /** By one VU. */
  countBegunBy(scenario: number, vu: number): number;
  /** The longest time without a start of each VU between its first and its last, ms. */
  findLongestGap(): number;
  /** A VU begins its life on a source: `epoch` is the one its share came with. */
  beginVu(scenario: number, vu: number, source: string, epoch: number): void;
  start(seen: SeenStart): void;
  /** From now on so many VUs of a scenario may be asked for. */
  raiseTarget(scenario: number, vus: number): void;
  /** Every member has said that its test clock stands; until `thaw` nothing may start. */
  freeze(): void;
  thaw(): void;
  /** The same of one scenario. */
  freezeScenario(scenario: number): void;
  thawScenario(scenario: number): void;
  /** VUs come to the rendezvous of a scenario (`count`: how many go on together), go on, or go without the others. */
  comeTo(scenario: number, count: number | null): void;
  goOn(scenario: number): void;
  goWithout(scenario: number): void;
  readMeeting(scenario: number): { readonly came: number; readonly onward: number; readonly without: number };
  /** A unique row is used. */
  useRow(row: number, source: string): void;
  /** By row: who has used it. */
  readonly usedRows: ReadonlyMap<number, string>;
  /** From now on a broken rule is kept, not thrown: it depends on what comes whether it held. */
  defer(): void;
  readonly deferred: BrokenRule | null;
  runSetup(): void;
  runTeardown(): void;
}

/** Watches the rules about starts while they happen; `targets`: N of each scenario. */
export function createGroundTruth(
  targets: readonly number[],
  mayHold: (slaveId: string, scenario: number) => boolean,
): GroundTruth {
  const largest = [...targets];
  const begun = new Set<string>();
  const iterations = new Set<string>();
  const latest = new Map<string, { source: string; epoch: number; at: number; longestGap: number }>();
  const inSecond = targets.map(() => new Set<number>());
  let second = -1;
  const begunOf = targets.map(() => 0);
  const begunBy = new Map<string, number>();
  let operations = 0;
  let lastStart = 0;
  let lastEnd = 0;
  const meetings = new Map<number, { count: number | null; came: number; onward: number; without: number }>();
  const meetingOf = (scenario: number) => {
    const known = meetings.get(scenario) ?? { count: null, came: 0, onward: 0, without: 0 };
    meetings.set(scenario, known);
    return known;
  };
  const usedRows = new Map<number, string>();
  let deferred: BrokenRule | null = null;
  let defers = false;
  const breaks = (rule: string, details: string): void => {
    const broken = new BrokenRule(rule, details);
    if (!defers) throw broken;
    deferred ??= broken;
  };
  let setups = 0;
  let teardowns = 0;
  let frozen = false;
  const frozenScenarios = new Set<number>();
  return {
    get operations() {
      return operations;
    },
    defer() {
      defers = true;
    },
    get deferred() {
      return deferred;
    },
    get lastStart() {
      return lastStart;
    },
    endLoad(at) {
      lastEnd = Math.max(lastEnd, at);
    },
    get lastEnd() {
      return lastEnd;
    },
    countBegun: (scenario) => begunOf[scenario] ?? 0,
    countBegunBy: (scenario, vu) => begunBy.get(`${scenario}:${vu}`) ?? 0,
    findLongestGap: () => Math.max(0, ...[...latest.values()].map(({ longestGap }) => longestGap)),
    beginVu(scenario, vu, source, epoch) {
      const name = `${vu} of scenario ${scenario} on ${source} of epoch ${epoch}`;
      if (begun.has(name)) breaks("survivors' VUs are never restarted", name);
      begun.add(name);
    },
    start({ scenario, vu, iteration, source, epoch, now }) {
      operations++;
      lastStart = now;
      begunOf[scenario] = (begunOf[scenario] ?? 0) + 1;
      begunBy.set(`${scenario}:${vu}`, (begunBy.get(`${scenario}:${vu}`) ?? 0) + 1);
      if (!mayHold(source.split("#")[0] ?? "", scenario)) {
        breaks("no VU is where its scenario does not select the slave", `scenario ${scenario} on ${source}`);
      }
      if (frozen) breaks("nothing starts while all are paused", `vu ${vu} on ${source} at ${now}`);
      if (frozenScenarios.has(scenario))
        breaks("nothing starts while its scenario is paused", `${scenario}: vu ${vu} on ${source} at ${now}`);
      if (Math.floor(now / 1_000) !== second) {
        second = Math.floor(now / 1_000);
        for (const seen of inSecond) seen.clear();
      }
      const seen = inSecond[scenario] as Set<number>;
      const most = largest[scenario] as number;
      seen.add(vu);
      if (seen.size > most || vu > most || vu < 1) {
        breaks("never more than N VUs start operations", `${seen.size} of ${most}, vu ${vu} at ${now}`);
      }
      if (iteration !== null) {
        const name = `${scenario}:${iteration}`;
        if (iterations.has(name))
          breaks("every planned iteration starts at most once", `${name} again on ${source} at ${now}`);
        iterations.add(name);
      }
      const known = latest.get(`${scenario}:${vu}`);
      if (known !== undefined && known.source !== source && epoch <= known.epoch) {
        breaks(
          "no start from an old holder after the new one's first",
          `vu ${vu} at ${now} on ${source} (epoch ${epoch}) after ${known.source} (epoch ${known.epoch})`,
        );
      }
      const longestGap = Math.max(known?.longestGap ?? 0, known === undefined ? 0 : now - known.at);
      latest.set(`${scenario}:${vu}`, { source, epoch, at: now, longestGap });
    },
    raiseTarget(scenario, vus) {
      largest[scenario] = Math.max(largest[scenario] ?? 0, vus);
    },
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
    },
    freezeScenario: (scenario) => void frozenScenarios.add(scenario),
    thawScenario: (scenario) => void frozenScenarios.delete(scenario),
    comeTo(scenario, count) {
      const meeting = meetingOf(scenario);
      meeting.count = count;
      meeting.came++;
    },
    goOn(scenario) {
      const meeting = meetingOf(scenario);
      meeting.onward++;
      const { count, came, onward, without } = meeting;
      if (count === null) return;
      const together = came - without;
      if (onward > together - (together % count)) {
        breaks("fewer than `count` never go on", `${onward} went on of ${came}, ${without} left, ${count}`);
      }
    },
    goWithout(scenario) {
      meetingOf(scenario).without++;
    },
    readMeeting: (scenario) => meetingOf(scenario),
    useRow(row, source) {
      const before = usedRows.get(row);
      if (before !== undefined) breaks("a unique row is used at most once", `${row} by ${before}, ${source}`);
      usedRows.set(row, source);
    },
    usedRows,
    runSetup() {
      if (++setups > 1) breaks("setup is started at most once", `${setups} times`);
    },
    runTeardown() {
      if (++teardowns > 1) breaks("teardown is started at most once", `${teardowns} times`);
    },
  };
}
