import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A bound on a time in a threshold (`p(95) < 200ms`; as k6 writes it, in ms: `p(95)<200`) or in an assertion. */
const bound = /(p\(\d+\) ?<=? ?|"<=? ?|operator: lt, value: )\d+m?s\b/g;
const k6Bound = /(p\(\d+\)<)\d+(?=["'])/g;

/** A workflow with minutes where it promises milliseconds: how soon a busy machine answers is nothing that it shows. */
export function makePatient(text: string): string {
  return text.replaceAll(bound, "$1600s").replaceAll(k6Bound, "$1600000");
}

/** Copies a file or folder; the workflows in it are patient. */
export function copyPatient(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const isFolder = statSync(to).isDirectory();
  for (const name of isFolder ? readdirSync(to, { recursive: true, encoding: "utf8" }) : [""]) {
    const path = join(to, name);
    if (/\.(?:yaml|ts|js)$/.test(path)) writeFileSync(path, makePatient(readFileSync(path, "utf8")));
  }
}
