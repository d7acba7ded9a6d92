import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from "quickjs-emscripten-core";
import { LibError, Sandbox, type Turn } from "./sandbox/sandbox.ts";
import {
  controlWords,
  type ScriptAnswer,
  type ThreadFact,
  type ThreadInput,
  type ThreadOrder,
} from "./thread-message.ts";
import { createThreadMemory } from "./thread-memory.ts";

// The entry of a script thread: it runs scripts in sandboxes and does nothing else, so that it may be ended at any time.

const port = parentPort;
if (port === null) throw new Error("thread.ts is the entry of a worker thread; it cannot be run by itself");

/** A run that has begun and not ended. */
interface Run {
  readonly id: number;
  readonly sandbox: Sandbox;
  /** `performance.now()`. */
  readonly deadline: number;
  /** The longest time of computing without a break, ms. */
  longest: number;
}

/** Sandboxes that could not be freed with which the thread asks to be replaced. */
const maxAbandoned = 16;

const tooLarge = "it takes more than 64 MiB of memory";
/** Facts wait so long for more of them, ms, while the thread computes. */
const holdMs = 1;

const { driver: wasmModule, scripts, libs, settings, seed, control, use, nice } = workerData as ThreadInput;
const words = new Int32Array(control);
// The package's types describe its CommonJS half.
const base = variant as unknown as QuickJSSyncVariant;
const task = readTask();
if (nice > 0 && task > 0) yieldTo(nice);
const memory = createThreadMemory(use);
const driver = await newQuickJSWASMModuleFromVariant(newVariant(base, { wasmModule, wasmMemory: memory.memory }));
/** Those that may have room, the latest last. */
const sandboxes: Sandbox[] = [];
const runs = new Map<number, Run>();
let abandoned = 0;
let isWorn = false;
let facts: ThreadFact[] = [];
let heldSince = 0;
/** The id of the run that computes; ids begin with 1. */
let current = -1;
let currentDeadline = Number.POSITIVE_INFINITY;

const mustStop = (): boolean =>
  Atomics.load(words, controlWords.stop) === current || performance.now() >= currentDeadline || memory.isExhausted;
const onAsk = (run: number, number: number, text: string): void => tell(["ask", run, number, text]);
const createSandbox = (): Sandbox => new Sandbox(driver, { scripts, libs, settings, seed, onAsk, mustStop });

function flush(): void {
  if (facts.length === 0) return;
  port?.postMessage(facts);
  facts = [];
}

function tell(fact: ThreadFact): void {
  const now = performance.now();
  if (facts.length === 0) heldSince = now;
  facts.push(fact);
  if (now - heldSince >= holdMs) flush();
}

/** Lets a run compute, and deals with what it came to. */
function compute(run: Run, work: () => Turn): void {
  current = run.id;
  currentDeadline = run.deadline;
  memory.beginTurn();
  Atomics.store(words, controlWords.running, run.id);
  Atomics.add(words, controlWords.turn, 1);
  // What is thrown here broke the driver: the thread ends with it, and is seen to have computed for this run.
  const startedAt = performance.now();
  const turn = work();
  run.longest = Math.max(run.longest, performance.now() - startedAt);
  Atomics.add(words, controlWords.turn, 1);
  currentDeadline = Number.POSITIVE_INFINITY;
  // What came of it is not to be trusted: it may have caught the error.
  if (memory.isExhausted) {
    runs.delete(run.id);
    run.sandbox.spoiled = true;
    run.sandbox.waiting.delete(run.id);
    tell(use === "shared" ? ["exhausted", run.id, memory.isGreedy] : ["stopped", run.id, "fault", tooLarge]);
  } else if (turn.type !== "waits") {
    runs.delete(run.id);
    if (turn.type === "ended") tell(["ended", run.id, turn.text, run.longest]);
    else if (turn.type === "fault") tell(["stopped", run.id, "fault", turn.message]);
    else tell(["stopped", run.id, Atomics.load(words, controlWords.stop) === run.id ? "cancelled" : "expired", ""]);
  }
  keep(run.sandbox);
  if (turn.type !== "waits" || memory.isExhausted) weigh();
}

function keep(sandbox: Sandbox): void {
  if (sandbox.spoiled) abandon(sandbox);
  else if (sandbox.hasRoom && sandboxes.at(-1) !== sandbox && !sandboxes.includes(sandbox)) sandboxes.push(sandbox);
}

/** A sandbox that was broken off in the middle is left as it is: freeing it may end the driver. */
function abandon(sandbox: Sandbox): void {
  abandoned++;
  for (const id of sandbox.waiting) if (runs.delete(id)) tell(["moved", id]);
  if (sandboxes.includes(sandbox)) sandboxes.splice(sandboxes.indexOf(sandbox), 1);
  weigh();
}

/** Asks to be replaced while there is room for the runs it has. */
function weigh(): void {
  if (isWorn || (abandoned < maxAbandoned && !memory.isWorn)) return;
  isWorn = true;
  tell(["worn"]);
}

function takeSandbox(): Sandbox {
  for (let known = sandboxes.at(-1); known !== undefined; known = sandboxes.at(-1)) {
    if (known.hasRoom) return known;
    sandboxes.pop();
  }
  weigh();
  const made = createSandbox();
  sandboxes.push(made);
  return made;
}

function begin(
  id: number,
  script: number,
  remainingMs: number,
  input: string,
  answers: readonly ScriptAnswer[] | null,
): void {
  if (Atomics.load(words, controlWords.stop) === id) return;
  const run: Run = {
    id,
    sandbox: takeSandbox(),
    deadline: performance.now() + remainingMs,
    longest: 0,
  };
  runs.set(id, run);
  compute(run, () => run.sandbox.start(script, id, input));
  for (const answer of answers ?? []) resume(id, answer);
}

function resume(id: number, { number, text }: ScriptAnswer): void {
  const run = runs.get(id);
  if (run !== undefined) compute(run, () => run.sandbox.answer(id, number, text));
}

function cancel(id: number): void {
  const run = runs.get(id);
  if (run === undefined) return;
  runs.delete(id);
  run.sandbox.forget(id);
  keep(run.sandbox);
}

function obey(order: ThreadOrder): void {
  switch (order[0]) {
    case "run":
      return begin(order[1], order[2], order[3], order[4], order[5]);
    case "answer":
      return resume(order[1], order[2]);
    case "cancel":
      return cancel(order[1]);
    default:
      order satisfies never;
  }
}

/** The operating system's id of this thread, for its priority; 0 where it has none to be found. */
function readTask(): number {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? 0);
  } catch {
    // Only Linux has it.
    return 0;
  }
}

/** Making the sandbox takes 50 ms and more, in which others should not wait. */
function yieldTo(value: number): void {
  try {
    setPriority(task, value);
  } catch {
    // The system does not let it: it competes as any other.
  }
}

/** null: the libs, without which there is no sandbox, are refused. */
function createFirst(): Sandbox | null {
  try {
    return createSandbox();
  } catch (error) {
    if (!(error instanceof LibError)) throw error;
    tell(["refused", error.lib, error.message]);
    return null;
  }
}

const first = createFirst();
if (first !== null) {
  for (const script of scripts.keys()) {
    const problem = first.compile(script);
    if (problem !== null) tell(["refused", script, problem]);
  }
  sandboxes.push(first);
}
tell(["ready", task]);
flush();

port.on("message", (orders: readonly ThreadOrder[]) => {
  for (const order of orders) obey(order);
  flush();
});
