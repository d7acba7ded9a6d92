import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { repository } from "./command.ts";
import { createFolder } from "./workflows.ts";

/** A bound on a time in a threshold (`p(95) < 200ms`; as k6 writes it, in ms: `p(95)<200`) or in an assertion. */
const bound = /(\b(?:p\([\d.]+\)|avg|med|max) *<=? *|"<=? ?|operator: lt, value: )\d+m?s\b/g;
const k6Bound = /(p\(\d+\)<)\d+(?=["'])/g;
const timeout = /(\btimeout: *)\d+m?s\b/g;

/** A workflow with minutes where it promises milliseconds: how soon a busy machine answers is nothing that it shows. */
export function makePatient(text: string): string {
  return text.replaceAll(bound, "$1600s").replaceAll(k6Bound, "$1600000");
}

/** The same, with a minute for what its steps wait for: none of that is to be late in it. */
export function makeUnhurried(text: string): string {
  return makePatient(text).replaceAll(timeout, "$160s");
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

/** Copies an example with all that lies beside it, and gives the path of an unhurried one. */
export function copyUnhurried(example: string): string {
  const folder = createFolder();
  cpSync(join(repository, dirname(example)), folder, { recursive: true });
  const file = join(folder, basename(example));
  writeFileSync(file, makeUnhurried(readFileSync(file, "utf8")));
  return file;
}
