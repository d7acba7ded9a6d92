import type { Masker } from "../protocol/ports.ts";

/** A masker of these secrets' values. Longer ones are replaced first; empty ones are no secret. */
export function createMasker(secrets: Readonly<Record<string, string>>): Masker {
  const values = [...new Set(Object.values(secrets))].filter((value) => value !== "");
  values.sort((a, b) => b.length - a.length);
  if (values.length === 0) return (text) => text;
  return (text) => values.reduce((masked, value) => masked.replaceAll(value, "***"), text);
}
