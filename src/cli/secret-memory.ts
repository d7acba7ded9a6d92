import type { Masker } from "../protocol/ports.ts";
import { createMasker } from "../run/masker.ts";

/** Of a master that takes many: those that came last are the likeliest to be in a fault. */
const mostRemembered = 1_000;
const remembered = new Set<string>();
/** Of its own configuration: never forgotten. */
const kept = new Set<string>();
let mask: Masker | null = null;

/** The same of secrets that live as long as the process. */
export function keepSecrets(secrets: readonly string[]): void {
  for (const value of secrets) if (value !== "") kept.add(value);
  mask = null;
}

/** The values of secrets that this process has been given: no error that it tells shows them. */
export function rememberSecrets(secrets: Readonly<Record<string, string>>): void {
  for (const value of Object.values(secrets)) {
    remembered.delete(value);
    remembered.add(value);
    if (remembered.size > mostRemembered) remembered.delete(remembered.values().next().value ?? "");
  }
  mask = null;
}

/** A text without them. */
export function hideSecrets(text: string): string {
  mask ??= createMasker(Object.fromEntries([...kept, ...remembered].map((value, at) => [String(at), value])));
  return mask(text);
}
