import type { Frame, SeriesDelta, SeriesKey } from "../protocol/frame.ts";
import { addValue, createTotal, type GaugeTotal, type Total } from "./totals.ts";

/**
 * The VUs of all sources by the second, so that the gauges `vus` and `vus_max` are of sums, never of a part of one:
 *
 *     closed (folded, final) | open, counted (a late frame still corrects them) | open, not yet told of by all
 *
 * The order in which frames of different sources come makes no difference as long as a second is open.
 */
export interface VuSeconds {
  /** Ascending. */
  open: VuSecond[];
  /** Of the seconds before the open ones. */
  closed: VuGauges;
  /** Of all that count. */
  counted: VuGauges;
  /** The last second that counts. */
  through: number;
}

/** What the sources that reported a second had in it, added up. */
export interface VuSecond {
  readonly second: number;
  active: number;
  allocated: number;
  /** Of `active` those of sources whose part was over at its end. */
  over: number;
  /** Sources that had VUs at its end, or were to have some. */
  live: number;
}

/** The two gauges; of what is no gauge yet the second is -Infinity. */
export interface VuGauges {
  readonly vus: GaugeTotal;
  /** The most so far. */
  readonly vusMax: GaugeTotal;
  /** The most of a load that was over before any frame could see its VUs. */
  unseen: number;
  unseenSecond: number;
}

/** What a source said of its latest second. */
export interface VuReport {
  readonly second: number;
  readonly active: number;
  readonly allocated: number;
  /** `active` where its part was over by then, outside warm-up; else 0. */
  readonly over: number;
  /** It had VUs at its end, or was to have some: a second in which no source is live is no part of the load. */
  readonly live: boolean;
  /** It will tell of the next second as well. */
  readonly goesOn: boolean;
}

/** The gauges as one second has them. */
export interface CountedSecond {
  readonly second: number;
  readonly gauges: readonly SeriesDelta[];
}

const vusKey: SeriesKey = { metric: "vus", type: "gauge", tags: {} };
const vusMaxKey: SeriesKey = { metric: "vus_max", type: "gauge", tags: {} };

/** Seconds that stay open for frames that come late: ten minutes. */
const mostOpen = 600;

/** Of no second. */
export function createVuSeconds(): VuSeconds {
  return { open: [], closed: createGauges(), counted: createGauges(), through: -Infinity };
}

/**
 * Adds what a source's next frame says, and gives what it has said now. Seconds that the frame swallowed (it is several
 * in one) had what the source said before them. `earliest`: from where on sums have changed; Infinity: none has.
 */
export function reportVus(
  seconds: VuSeconds,
  before: VuReport | null,
  frame: Pick<Frame, "second" | "warmUp" | "vus">,
): { readonly report: VuReport; readonly earliest: number } {
  const report = readReport(frame);
  const { second } = report;
  if (before !== null && second < before.second) return { report: before, earliest: Infinity };
  if (before?.second === second && before.live && !report.live) {
    return { report: { ...before, goesOn: report.goesOn }, earliest: Infinity };
  }
  let earliest = second;
  if (before?.second === second) addReport(seconds, before, second, -1);
  else if (before?.goesOn === true) {
    earliest = Math.max(before.second + 1, second - mostOpen);
    for (let each = earliest; each < second; each++) addReport(seconds, before, each, 1);
  }
  addReport(seconds, report, second, 1);
  return { report, earliest };
}

/**
 * Counts the seconds that every source has told of that is live; `earliest` is where sums have changed. Gives the
 * seconds whose gauges are new or other than before.
 */
export function countSeconds(
  seconds: VuSeconds,
  reports: Iterable<VuReport | null>,
  earliest: number,
): CountedSecond[] {
  const { open } = seconds;
  let told = open.at(-1)?.second ?? -Infinity;
  for (const report of reports) if (report?.goesOn === true) told = Math.min(told, report.second);
  if (earliest <= seconds.through || told < seconds.through) {
    seconds.counted = structuredClone(seconds.closed);
    seconds.through = -Infinity;
  }
  const from = open.findLastIndex(({ second }) => second <= seconds.through) + 1;
  const { counted } = seconds;
  const changed = open
    .slice(from)
    .filter(({ second }) => second <= told)
    .flatMap((each) => addSecond(counted, each));
  seconds.through = Math.max(seconds.through, told);
  for (const old of open.splice(0, Math.max(0, open.length - mostOpen))) {
    addSecond(seconds.closed, old);
    if (old.second <= seconds.through) continue;
    addSecond(counted, old);
    seconds.through = old.second;
  }
  return changed;
}

/** The gauges over all seconds that count; none while nobody has had a VU. */
export function readGauges({ counted }: VuSeconds): { readonly key: SeriesKey; readonly total: GaugeTotal }[] {
  const { vus, vusMax, unseen, unseenSecond } = counted;
  const brief: GaugeTotal = { type: "gauge", value: unseen, second: unseenSecond, min: unseen, max: unseen };
  if (vus.second === -Infinity && unseen === 0) return [];
  return [
    { key: vusKey, total: vus.second === -Infinity ? brief : vus },
    { key: vusMaxKey, total: vus.second === -Infinity ? brief : vusMax },
  ];
}

/** Adds a second: one in which nobody had a VU at its end is start-up or shutdown, and no part of the load. */
function addSecond(gauges: VuGauges, { second, active, allocated, over, live }: VuSecond): CountedSecond[] {
  if (live === 0) {
    if (over > gauges.unseen) Object.assign(gauges, { unseen: over, unseenSecond: second });
    return [];
  }
  const vus = gaugeOf(active);
  const vusMax = gaugeOf(Math.max(active, allocated, gauges.vusMax.max));
  addValue(gauges.vus, vus, second);
  addValue(gauges.vusMax, vusMax, second);
  return [
    {
      second,
      gauges: [
        { key: vusKey, ...vus },
        { key: vusMaxKey, ...vusMax },
      ],
    },
  ];
}

function readReport({ second, warmUp, vus }: Pick<Frame, "second" | "warmUp" | "vus">): VuReport {
  const sum = { active: 0, most: 0, allocated: 0, planned: 0 };
  for (const { active, most, allocated, planned } of vus) {
    sum.active += active;
    sum.most += most;
    sum.allocated += Math.max(allocated, most);
    sum.planned += planned;
  }
  const idle = sum.active === 0 && sum.planned === 0;
  // Whose part has just ended had its VUs in this second, like those who go on.
  return {
    second,
    active: idle ? sum.most : sum.active,
    allocated: sum.allocated,
    over: idle && !warmUp ? sum.most : 0,
    live: !idle && !warmUp,
    goesOn: !idle,
  };
}

function addReport({ open, closed }: VuSeconds, report: VuReport, second: number, sign: 1 | -1): void {
  if (second <= Math.max(closed.vus.second, closed.unseenSecond)) return;
  let at = open.length;
  while (at > 0 && (open[at - 1]?.second ?? 0) > second) at--;
  let sum = open[at - 1];
  if (sum === undefined || sum.second !== second) {
    sum = { second, active: 0, allocated: 0, over: 0, live: 0 };
    open.splice(at, 0, sum);
  }
  sum.active += sign * report.active;
  sum.allocated += sign * report.allocated;
  sum.over += sign * report.over;
  if (report.live) sum.live += sign;
}

function createGauges(): VuGauges {
  return { vus: createGauge(), vusMax: createGauge(), unseen: 0, unseenSecond: -Infinity };
}

function createGauge(): GaugeTotal {
  const total: Total = createTotal("gauge");
  if (total.type !== "gauge") throw new TypeError("a gauge was asked for");
  return total;
}

function gaugeOf(value: number) {
  return { type: "gauge", value, min: value, max: value } as const;
}
