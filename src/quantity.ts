const timeUnits: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["µs", 0.001],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const sizeUnits: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["kb", 1000],
  ["mb", 1_000_000],
  ["gb", 1_000_000_000],
  ["kib", 1024],
  ["mib", 1_048_576],
  ["gib", 1_073_741_824],
]);

const wholeDuration = /^(?:\d+(?:\.\d+)?(?:us|µs|ms|s|m|h|d))+$/;
const durationPart = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)/g;
const plainNumber = /^\d+(?:\.\d+)?$/;

/** Whether a text is a number without a unit (`30`), which files read as milliseconds and the command line refuses. */
export function isBareNumber(text: string): boolean {
  return plainNumber.test(text.trim());
}

/**
 * Milliseconds of `250us`, `1.5s`, `1h30m` or a bare number of milliseconds; null: no duration (negative, not finite,
 * unknown unit, beyond 2^53). Microseconds are exact, finer parts are rounded to them.
 */
export function parseDuration(value: string | number): number | null {
  if (typeof value === "number") return toMilliseconds(value);
  const text = value.trim();
  if (plainNumber.test(text)) return toMilliseconds(Number(text));
  if (!wholeDuration.test(text)) return null;
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(durationPart)) {
    total += Number(amount) * (timeUnits.get(unit) ?? 0);
  }
  return toMilliseconds(total);
}

function toMilliseconds(value: number): number | null {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return null;
  // Beyond this there is no room for fractions, and value * 1000 would not be exact.
  return value > 1e12 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

/** Bytes of `512`, `512B`, `64kB`, `1.5MB` (powers of 1000) or `64KiB`, `16MiB` (powers of 1024); case does not matter. null: no size. */
export function parseSize(value: string | number): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
  if (match === null) return null;
  const unit = match[2] === "" ? 1 : sizeUnits.get((match[2] ?? "").toLowerCase());
  const bytes = unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** 0..1 of `5%`, `0.05` or 0.05; null: no share of a whole. */
export function parsePercent(value: string | number): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(String(value).trim());
  if (match === null) return null;
  const share = match[2] === "%" ? Number(match[1]) / 100 : Number(match[1]);
  return share <= 1 ? share : null;
}

/** The shortest exact text that parseDuration reads back: `1h30m`, `1m30s`, `1.5s`, `250us`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1) return `${Math.round(ms * 1000)}us`;
  if (ms < 1000) return `${trimNumber(ms)}ms`;
  let rest = Math.round(ms * 1000) / 1000;
  let text = "";
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
  ] as const) {
    const count = Math.floor(rest / size);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest = Math.round((rest - count * size) * 1000) / 1000;
  }
  return rest === 0 ? text : `${text}${trimNumber(rest / 1000)}s`;
}

/** Bytes for people, three digits: `512 B`, `64 kB`, `1.5 MB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const) {
    if (bytes >= size * 0.9995) return `${trimNumber(Number((bytes / size).toPrecision(3)))} ${unit}`;
  }
  return `${trimNumber(Number(bytes.toPrecision(3)))} B`;
}

/** A share of a whole for people: 0.0512 is `5.12%`. */
export function formatPercent(share: number): string {
  return `${trimNumber(Math.round(share * 10_000) / 100)}%`;
}

function trimNumber(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}

/** Whole microseconds of milliseconds; negative differences are 0. */
export function toMicros(milliseconds: number): number {
  return milliseconds > 0 ? Math.round(milliseconds * 1000) : 0;
}
