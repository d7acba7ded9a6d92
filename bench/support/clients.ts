import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { product } from "./commands.ts";
import type { Client } from "./interleave.ts";

/** Where the commands that make load run. */
export const clientCore = "0";

interface ProductOptions {
  readonly threads?: number;
  readonly cores?: string;
  /** The metric that tells how much was done. */
  readonly counts?: "http_reqs" | "iterations";
}

/** The product, which runs this workflow; it is written into `folder`. A run that does not pass counts as failed. */
export async function productClient(
  folder: string,
  name: string,
  workflow: { readonly options: object; readonly steps: readonly object[] },
  { threads = 1, cores = clientCore, counts = "http_reqs" }: ProductOptions = {},
): Promise<Client> {
  const file = join(folder, `${name.replaceAll(/\W+/g, "-")}.json`);
  await writeFile(file, JSON.stringify(workflow));
  return {
    name,
    cores,
    command: [...product(), "run", file, "--threads", String(threads), "--json", "-q"],
    requests: ({ stdout }) => {
      const report = JSON.parse(stdout) as {
        readonly passed: boolean;
        readonly errors: readonly unknown[];
        readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;
      };
      if (!report.passed || report.errors.length > 0) return Number.NaN;
      return report.metrics[counts]?.values["count"] ?? Number.NaN;
    },
  };
}

/** `name`: wrk or wrk2, which takes the same. */
export function wrk(
  seconds: number,
  connections: number,
  url: string,
  more: readonly string[] = [],
  name: "wrk" | "wrk2" = "wrk",
): Client {
  return {
    name,
    cores: clientCore,
    command: [name, "-t1", `-c${connections}`, `-d${seconds}s`, ...more, url],
    requests: ({ stdout }) =>
      /Non-2xx|Socket errors: connect [1-9]/.test(stdout) ? Number.NaN : Number(/(\d+) requests in/.exec(stdout)?.[1]),
  };
}

export function hey(seconds: number, connections: number, url: string, more: readonly string[] = []): Client {
  return {
    name: "hey",
    cores: clientCore,
    command: ["hey", "-z", `${seconds}s`, "-c", String(connections), "-cpus", "1", ...more, url],
    requests: ({ stdout }) => Number(/\[200\]\s+(\d+) responses/.exec(stdout)?.[1]),
  };
}

export function ab(seconds: number, connections: number, url: string): Client {
  return {
    name: "ab",
    cores: clientCore,
    command: ["ab", "-q", "-t", String(seconds), "-n", "10000000", "-c", String(connections), url],
    requests: ({ stdout }) => Number(/Complete requests:\s+(\d+)/.exec(stdout)?.[1]),
  };
}

/** HTTP/2, so many streams at a time on each connection. */
export function h2load(seconds: number, connections: number, streams: number, url: string): Client {
  const load = ["-t", "1", "-c", String(connections), "-m", String(streams), "-D", String(seconds)];
  return {
    name: "h2load",
    cores: clientCore,
    command: ["h2load", ...load, url],
    requests: ({ stdout }) => Number(/(\d+) succeeded, 0 failed/.exec(stdout)?.[1]),
  };
}

/** `request`: an expression of k6's script that makes the request and gives its answer; `check` says that the answer was right. */
export async function k6(
  folder: string,
  name: string,
  options: object,
  { request, check }: { readonly request: string; readonly check: string },
  counts: "http_reqs" | "iterations" = "http_reqs",
): Promise<Client> {
  const script = join(folder, `${name}.k6.js`);
  await writeFile(
    script,
    `import http from "k6/http"; import { check } from "k6";
export const options = ${JSON.stringify(options)};
export default function () { const r = ${request}; check(r, { ok: () => ${check} }); }
`,
  );
  return {
    name: "k6",
    cores: clientCore,
    command: ["k6", "run", "--quiet", script],
    requests: ({ stdout }) => Number(new RegExp(String.raw`\b${counts}[^:]*:\s*(\d+)`).exec(stdout)?.[1]),
  };
}
