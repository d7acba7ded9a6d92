import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "../../src/protocol/json.ts";
import { repository } from "./command.ts";
import { matchesJson, matchesOutput } from "./doc-output.ts";
import type { DocPart } from "./doc-page.ts";
import { findSteadyPort } from "./steady-port.ts";
import { copyPatient, makePatient } from "./patient-example.ts";

/** What a page showed and what was printed instead. */
export interface DocDifference {
  /** Which part of the page. */
  readonly index: number;
  readonly line: number;
  readonly command: string;
  readonly shown: string;
  readonly printed: string;
}

/** Ports that pages name; each is a free one while they are run. */
const namedPorts = ["8080", "8081", "8000", "9091", "9092", "9093", "9094", "8443", "50051"];

/** How long a part may take before it counts as hung. */
const partDeadlineMs = 120_000;

/** What the summary of a load says of a machine that was too busy for it. */
const busyMachine = /^ *! the generator was saturated.*\n(?: *! {3}.*\n)*\n?/gm;

interface Process {
  readonly child: ChildProcess;
  printed: string;
}

/**
 * Follows a page in a folder: `./workflow-engine` is the built one, `examples` and `configs` are the repository's; all
 * that has a bound on a time has it in minutes. Gives where the output was another. Ends all it started.
 */
export async function followPage(parts: readonly DocPart[], folder: string): Promise<DocDifference[]> {
  const ports = await choosePorts();
  const there = (text: string): string =>
    ports.reduce(
      (all, [named, free]) => all.replaceAll(new RegExp(`(?<![\\d.])${named}(?!\\d)`, "g"), free),
      // The bound of a search is what makes its levels.
      text.includes("mode: find-limit") ? text : makePatient(text),
    );
  const back = (text: string): string =>
    ports.reduce(
      (all, [named, free]) => all.replaceAll(new RegExp(`(?<![\\da-f])${free}(?![\\da-f])`, "g"), named),
      text.replaceAll(busyMachine, ""),
    );
  const main = join(repository, "dist", "cli", "main.js");
  writeFileSync(join(folder, "workflow-engine"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, {
    mode: 0o755,
  });
  for (const name of ["configs", "node_modules"]) symlinkSync(join(repository, name), join(folder, name));
  copyPatient(join(repository, "examples"), join(folder, "examples"));
  const environment = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    HOME: folder,
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    // Its own home has nothing compiled in it.
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    // What they are where the ports are free and a terminal is there.
    WE_LOGGING_FORMAT: "text",
    WE_SERVER_ADDRESS: there(":8080"),
    WE_MASTER_URL: there("http://localhost:8080"),
  };
  const start = (command: string): Process => {
    const child = spawn("bash", ["-c", command], {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running: Process = { child, printed: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (running.printed += text));
    }
    return running;
  };

  const shells: ChildProcess[] = [];
  const terminals = new Map<string, Process>();
  const differences: DocDifference[] = [];
  const variables = join(folder, ".variables");
  writeFileSync(variables, "");
  let last: { readonly command: string; readonly process: Process; readonly code: number | null } | null = null;
  try {
    for (const [index, part] of parts.entries()) {
      const next = parts[index + 1]?.kind === "output" ? parts[index + 1] : undefined;
      if (part.kind === "file") writeFileSync(join(folder, part.name), there(part.body));
      if (part.kind === "start") {
        const running = start(`exec 2>&1; exec env ${there(part.body)}`);
        terminals.set(part.name, running);
        await until(() => {
          if (part.awaits !== "") return running.printed.includes(part.awaits);
          return (
            running.printed !== "" && (next === undefined || next.body === "" || isShown(next, back(running.printed)))
          );
        });
        if (next?.body === "") await sleep(1500);
        last = { command: part.body, process: running, code: 0 };
      }
      if (part.kind === "run" || part.kind === "ask") {
        const askUntil = performance.now() + partDeadlineMs;
        do {
          // Variables live from block to block, as in one terminal.
          const running = start(
            `exec 2>&1\n{ . ./.variables; } 2>/dev/null\n${there(part.body)}\ncode=$?\ndeclare -p >.variables 2>/dev/null\nexit $code`,
          );
          shells.push(running.child);
          last = { command: part.body, process: running, code: await finish(running.child) };
        } while (
          part.kind === "ask" &&
          next !== undefined &&
          !isShown(next, back(last.process.printed)) &&
          performance.now() < askUntil
        );
        if (next === undefined && last.code !== 0) {
          const printed = `${last.process.printed}(ended with ${String(last.code)})`;
          differences.push({ index, line: part.line, command: part.body, shown: "", printed: back(printed) });
        }
      }
      if (part.kind === "stop" || part.kind === "kill") {
        await stop(terminals.get(part.name)?.child, part.kind === "stop" ? "SIGTERM" : "SIGKILL");
      }
      if (part.kind === "output" && last !== null) {
        const printed = back(last.process.printed);
        if (!isShown(part, printed)) {
          differences.push({
            index,
            line: part.line,
            command: last.command,
            shown: part.body,
            printed: layOut(part, printed),
          });
        }
      }
    }
  } finally {
    await Promise.all([...terminals.values()].map(({ child }) => stop(child)));
    for (const shell of shells) endGroup(shell);
  }
  return differences;
}

/** The code of a shell; null: it was ended by a signal, or here because it took too long. */
async function finish(shell: ChildProcess): Promise<number | null> {
  const late = setTimeout(() => end(shell, "SIGKILL"), partDeadlineMs);
  const [code] = (await once(shell, "close")) as [number | null];
  clearTimeout(late);
  return code;
}

function isShown({ tag, body }: DocPart, printed: string): boolean {
  if (tag !== "json") return matchesOutput(body, printed);
  try {
    return matchesJson(JSON.parse(body) as Json, JSON.parse(printed) as Json);
  } catch {
    return false;
  }
}

/** As it would stand in the page. */
function layOut({ tag }: DocPart, printed: string): string {
  if (tag !== "json") return `${printed.replace(/^\n+|\s+$/g, "")}\n`;
  try {
    return `${printJson(JSON.parse(printed) as Json, "")}\n`;
  } catch {
    return printed;
  }
}

/** On one line what fits on it. */
function printJson(value: Json, indent: string): string {
  const line = JSON.stringify(value);
  if (typeof value !== "object" || value === null || line.length < 90) return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((each: Json) => `${inner}${printJson(each, inner)}`)
    : Object.entries(value).map(([name, each]) => `${inner}${JSON.stringify(name)}: ${printJson(each as Json, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + (process.env["WRITE_DOCS"] === undefined ? partDeadlineMs : 2500);
  while (!condition() && performance.now() < deadline) await sleep(20);
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, signal);
}

/** Ends what a shell left in the background, if it did. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function stop(child: ChildProcess | undefined, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  end(child, signal);
  const late = setTimeout(() => end(child, "SIGKILL"), partDeadlineMs / 2);
  await closed;
  clearTimeout(late);
}

async function choosePorts(): Promise<[named: string, free: string][]> {
  return Promise.all(
    namedPorts.map(async (named): Promise<[string, string]> => [named, String(await findSteadyPort())]),
  );
}
