import type { Random } from "./ports.ts";

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function drawWord(random: Random): number {
  return Math.floor(random() * 0x1_0000_0000);
}

function printWord(word: number, between: string): string {
  const high = `${hexBytes[word >>> 24]}${hexBytes[(word >>> 16) & 255]}`;
  return `${high}${between}${hexBytes[(word >>> 8) & 255]}${hexBytes[word & 255]}`;
}

/** A UUID of version 4: 122 random bits, as good as `random` is. No secret. */
export function makeUuid(random: Random): string {
  const first = printWord(drawWord(random), "");
  const second = printWord((drawWord(random) & 0xffff_0fff) | 0x4000, "-");
  const third = printWord((drawWord(random) & 0x3fff_ffff) | 0x8000_0000, "-");
  return `${first}-${second}-${third}${printWord(drawWord(random), "")}`;
}
