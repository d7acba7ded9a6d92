import { availableParallelism } from "node:os";
import { InvalidArgumentError } from "commander";
import { parseAddressSpan, spanForm } from "../address.ts";
import { parseDuration } from "../quantity.ts";

/** A whole number from 1. */
export function readCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("It takes a whole number from 1.");
  }
  return value;
}

/** A positive number. */
export function readRate(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0)) throw new InvalidArgumentError("It takes a number above 0.");
  return value;
}

/** A duration with its unit, longer than nothing, as written. */
export function readDuration(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError(`Did you mean ${text}s? A duration needs its unit.`);
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError("It takes a duration such as 500ms, 30s, 5m or 1h30m.");
  if (ms <= 0) throw new InvalidArgumentError("It takes a duration above 0.");
  return text;
}

/** Collects `DURATION:TARGET`, one or several with commas between them, in order. */
export function collectStages(text: string, before: readonly StageText[] = []): readonly StageText[] {
  const stages = text.split(",").map((part) => {
    const [duration = "", target = "", ...more] = part.split(":");
    if (more.length > 0 || !/^\d+(\.\d+)?$/.test(target)) {
      throw new InvalidArgumentError("A stage is DURATION:TARGET, for example 30s:10.");
    }
    if (/^\d+(\.\d+)?$/.test(duration) && duration !== "0") {
      throw new InvalidArgumentError(`Did you mean ${duration}s:${target}? A duration needs its unit.`);
    }
    if (parseDuration(duration) === null) {
      throw new InvalidArgumentError("A stage is DURATION:TARGET, for example 30s:10.");
    }
    return { duration, target: Number(target) };
  });
  return [...before, ...stages];
}

export interface StageText {
  readonly duration: string;
  readonly target: number;
}

/** Collects `KEY=VALUE`. */
export function collectPairs(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const cut = text.indexOf("=");
  if (cut < 1) throw new InvalidArgumentError("It takes KEY=VALUE.");
  return { ...before, [text.slice(0, cut)]: text.slice(cut + 1) };
}

/** Collects `KEY=VALUE` or `KEY`; without a value it is taken from `env`. */
export function collectSecrets(
  env: Readonly<Record<string, string | undefined>>,
): (text: string, before?: Readonly<Record<string, string>>) => Record<string, string> {
  return (text, before = {}) => {
    if (text.includes("=")) return collectPairs(text, before);
    const value = env[text];
    if (value === undefined) throw new InvalidArgumentError(`${text} is not set in the environment; give KEY=VALUE.`);
    return { ...before, [text]: value };
  };
}

/** Collects texts. */
export function collectTexts(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A number of threads that makes sense here, or `auto`. */
export function readThreads(text: string): number | "auto" {
  if (text === "auto") return "auto";
  const cores = availableParallelism();
  const most = 4 * cores;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most) {
    throw new InvalidArgumentError(`This machine has ${cores} cores: give 1 to ${most}, or auto.`);
  }
  return value;
}

/** Addresses of this machine and ranges of them, with commas between. */
export function readSpans(text: string): readonly string[] {
  const spans = text.split(",").map((span) => span.trim());
  const wrong = spans.find((span) => parseAddressSpan(span) === null);
  if (wrong !== undefined) throw new InvalidArgumentError(`\`${wrong.slice(0, 100)}\` is ${spanForm}.`);
  return spans;
}

/** 32 bits. */
export function readSeed(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= 0xffff_ffff) return seed;
  throw new InvalidArgumentError("It takes a whole number from 0 to 4294967295.");
}
