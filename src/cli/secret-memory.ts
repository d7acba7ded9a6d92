import type { Masker } from "../protocol/ports.ts";
import { createMasker } from "../run/masker.ts";

/** Of a master that takes many: those that came last are the likeliest to be in a fault. */
const mostRemembered = 1_000;
const remembered = new Set<string>();
/** Of its own configurations, the first and those read later: never forgotten. */
const kept = new Set<string>();
let maskAll: Masker | null = null;
let maskKept: Masker | null = null;

/** The same of secrets that live as long as the process; they are hidden in its log too. */
export function keepSecrets(secrets: readonly string[]): void {
  for (const value of secrets) if (value !== "") kept.add(value);
  maskAll = null;
  maskKept = null;
}

/** The values of secrets that this process has been given: no error that it tells shows them. */
export function rememberSecrets(secrets: Readonly<Record<string, string>>): void {
  for (const value of Object.values(secrets)) {
    remembered.delete(value);
    remembered.add(value);
    if (remembered.size > mostRemembered) remembered.delete(remembered.values().next().value ?? "");
  }
  maskAll = null;
}

/** A text without them. */
export function hideSecrets(text: string): string {
  maskAll ??= createMaskerOf([...kept, ...remembered]);
  return maskAll(text);
}

/** A text without those that live as long as the process. */
export function hideKept(text: string): string {
  maskKept ??= createMaskerOf([...kept]);
  return maskKept(text);
}

function createMaskerOf(values: readonly string[]): Masker {
  return createMasker(Object.fromEntries(values.map((value, at) => [String(at), value])));
}
