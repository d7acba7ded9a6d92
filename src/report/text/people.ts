import { formatBytes, formatPercent } from "../../quantity.ts";

/** Numbers as people read them in a summary. null is shown as a dash. */

const DASH = "–";

/** Milliseconds: `850 µs`, `12.3 ms`, `1.25 s`, `2m 05s`. */
export function showDuration(ms: number | null): string {
  if (ms === null) return DASH;
  const size = Math.abs(ms);
  if (size === 0) return "0";
  if (size < 0.9995) return `${Math.round(ms * 1_000)} µs`;
  if (size < 999.5) return `${showSteady(ms)} ms`;
  if (size < 59_995) return `${showSteady(ms / 1_000)} s`;
  const seconds = Math.round(size / 1_000);
  const sign = ms < 0 ? "-" : "";
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${sign}${hours}h ${pad(minutes)}m ${pad(rest)}s` : `${sign}${minutes}m ${pad(rest)}s`;
}

/** Bytes: `512 B`, `1.25 kB`, `3.4 MB`. */
export function showBytes(bytes: number | null): string {
  return bytes === null ? DASH : formatBytes(bytes);
}

/** A whole number with its thousands apart: `12,345`. */
export function showCount(count: number | null): string {
  if (count === null) return DASH;
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A plain number with about three digits that say something: `0.042`, `12.3`, `1,234`. */
export function showNumber(value: number | null): string {
  if (value === null) return DASH;
  return Math.abs(value) >= 999.5 ? showCount(value) : showDigits(value);
}

/** A share 0..1: `4.25%`; a small one never looks like none, nor nearly all like all. */
export function showShare(share: number | null): string {
  if (share === null) return DASH;
  if (share > 0 && share < 0.0001) return "<0.01%";
  if (share < 1 && share > 0.9999) return ">99.99%";
  return formatPercent(share);
}

/** What a terminal may show of a text from outside: no control characters, one line. */
export function showText(text: string): string {
  // Nearly every text; the classes below are costly to make.
  if (/^[\x20-\x7e]*$/.test(text)) return text.trim();
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
}

function showDigits(value: number): string {
  return String(Number(showSteady(value)));
}

/** As many decimals as numbers of about this size have in a column. */
function showSteady(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 0.9995 ? 3 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
