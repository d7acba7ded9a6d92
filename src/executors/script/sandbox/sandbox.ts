import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { ScriptSettings } from "../thread-message.ts";
import { apiSource } from "./api-source.ts";
import { hardenSource } from "./harden-source.ts";
import { createHostCalls } from "./host-calls.ts";
import { pmSource } from "./pm-source.ts";

/** Bytes of the largest single block; what all blocks together may take the thread's memory sees to. */
const maxMemory = 64 * 1024 * 1024;
/** Runs that may wait in one sandbox at once. */
const maxRuns = 16;
/** Bytes of the sandbox's stack: about 1,000 calls deep. */
const maxStack = 256 * 1024;
/** Jobs between two looks at the clock. */
const jobsAtOnce = 256;

/** What a sandbox needs from its thread. */
export interface SandboxOptions {
  readonly scripts: readonly string[];
  readonly libs: Readonly<Record<string, string>>;
  readonly settings: ScriptSettings;
  readonly seed: string;
  /** A run asks for something. */
  onAsk(run: number, number: number, text: string): void;
  /** Must what runs now be stopped? Asked every few microseconds of computing. */
  mustStop(): boolean;
}

/** What a run came to at this moment. */
export type Turn =
  /** It ended: JSON. */
  | { readonly type: "ended"; readonly text: string }
  /** It waits for answers. */
  | { readonly type: "waits" }
  /** It was stopped by `mustStop`. */
  | { readonly type: "stopped" }
  /** It cannot go on, or never will. */
  | { readonly type: "fault"; readonly message: string };

/** A lib cannot be compiled. */
export class LibError extends Error {
  readonly lib: string;

  constructor(lib: string, message: string) {
    super(message);
    this.lib = lib;
  }
}

/** What the sandbox's side offers to the host. */
type Entry = "register" | "start" | "answer" | "waits" | "forget";

/**
 * A QuickJS runtime. One run computes at a time, some more may wait in it. Its intrinsics and globals are frozen and a
 * run's own state is forgotten with it, so that it serves run after run. After one that was broken off it is `spoiled`: the
 * others have to begin anew elsewhere, and it is left as it is.
 */
export class Sandbox {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #scripts: readonly string[];
  readonly #compiled = new Set<number>();
  readonly #entries: Readonly<Record<Entry, QuickJSHandle>>;
  readonly #mustStop: () => boolean;
  #outcome: string | null = null;
  /** The runs that wait in it. */
  readonly waiting = new Set<number>();
  spoiled = false;

  constructor(driver: QuickJSWASMModule, { scripts, libs, settings, seed, onAsk, mustStop }: SandboxOptions) {
    this.#scripts = scripts;
    this.#mustStop = mustStop;
    this.#runtime = driver.newRuntime();
    this.#runtime.setMaxStackSize(maxStack);
    const context = this.#runtime.newContext();
    this.#context = context;
    const host = createHostCalls(context, seed, {
      ask: onAsk,
      done: (text) => {
        this.#outcome = text;
      },
    });
    const api = this.#evaluate(apiSource, "api");
    const given = this.#evaluate(`(${JSON.stringify(settings)})`, "settings");
    const entries = context.unwrapResult(context.callFunction(api, context.undefined, host, given));
    const pm = this.#evaluate(pmSource, "pm");
    context.unwrapResult(context.callFunction(pm, context.undefined, entries)).dispose();
    const registerLib = context.getProp(entries, "registerLib");
    for (const [name, source] of Object.entries(libs)) {
      const made = context.evalCode(
        `(function (module, exports, require) { "use strict";\n${source}\n})`,
        `lib ${name}`,
      );
      if (made.error) throw new LibError(name, this.#describe(made.error));
      const factory = made.value;
      const key = context.newString(name);
      context.unwrapResult(context.callFunction(registerLib, context.undefined, key, factory)).dispose();
      key.dispose();
      factory.dispose();
    }
    this.#evaluate(hardenSource, "harden").dispose();
    this.#entries = {
      register: context.getProp(entries, "register"),
      start: context.getProp(entries, "start"),
      answer: context.getProp(entries, "answer"),
      waits: context.getProp(entries, "waits"),
      forget: context.getProp(entries, "forget"),
    };
    for (const handle of [host, api, given, entries, pm, registerLib]) handle.dispose();
    this.#runtime.setMemoryLimit(maxMemory);
    this.#runtime.setInterruptHandler(() => this.#mustStop());
  }

  /** null, or why a script cannot be compiled. */
  compile(script: number): string | null {
    if (this.#compiled.has(script)) return null;
    const context = this.#context;
    const source = this.#scripts[script] ?? "";
    // Without anything to wait for there is no promise to make.
    const kind = /\bawait\b/.test(source) ? "async function" : "function";
    const result = context.evalCode(`(${kind} () { "use strict";\n${source}\n})`, "script");
    if (result.error) return this.#describe(result.error);
    const place = context.newNumber(script);
    context
      .unwrapResult(context.callFunction(this.#entries.register, context.undefined, place, result.value))
      .dispose();
    place.dispose();
    result.value.dispose();
    this.#compiled.add(script);
    return null;
  }

  /** Begins a run. */
  start(script: number, id: number, input: string): Turn {
    const problem = this.compile(script);
    if (problem !== null) return { type: "fault", message: problem };
    const text = this.#context.newString(input);
    const result = this.#call("start", script, id, text);
    text.dispose();
    if (result.error) return this.#giveUp(result.error);
    const outcome = this.#context.getString(result.value);
    result.value.dispose();
    if (outcome !== "" && !this.#runtime.hasPendingJob()) return this.#end(outcome);
    return this.#drain(id, outcome);
  }

  /** Hands a run that waits an answer. */
  answer(id: number, number: number, text: string): Turn {
    const value = this.#context.newString(text);
    const result = this.#call("answer", id, number, value);
    value.dispose();
    if (result.error) return this.#giveUp(result.error);
    result.value.dispose();
    return this.#drain(id, "");
  }

  /** Lets go of a run that waits. */
  forget(id: number): void {
    this.waiting.delete(id);
    const result = this.#call("forget", id);
    if (result.error) this.#giveUp(result.error);
    else result.value.dispose();
  }

  /** May another run begin here? */
  get hasRoom(): boolean {
    return !this.spoiled && this.waiting.size < maxRuns;
  }

  /** Runs the jobs that are due. `outcome`: the run has ended already; empty: it has not. */
  #drain(id: number, outcome: string): Turn {
    this.#outcome = outcome === "" ? null : outcome;
    while (this.#runtime.hasPendingJob()) {
      const result = this.#runtime.executePendingJobs(jobsAtOnce);
      if (result.error) return this.#giveUp(result.error);
      if (this.#mustStop()) return this.#stop();
    }
    if (this.#outcome !== null) {
      this.waiting.delete(id);
      return this.#end(this.#outcome);
    }
    const waits = this.#call("waits", id);
    if (waits.error) return this.#giveUp(waits.error);
    const isWaiting = this.#context.dump(waits.value) === true;
    waits.value.dispose();
    if (isWaiting) {
      this.waiting.add(id);
      return { type: "waits" };
    }
    this.forget(id);
    return { type: "fault", message: "the script waits for a promise that nothing can fulfil any more" };
  }

  #call(entry: Entry, ...args: (number | QuickJSHandle)[]) {
    const context = this.#context;
    const handles = args.map((arg) => (typeof arg === "number" ? context.newNumber(arg) : arg));
    // Numbers hold nothing that has to be freed.
    return context.callFunction(this.#entries[entry], context.undefined, ...handles);
  }

  #end(text: string): Turn {
    // Out of memory or of stack: it may have lost something in the middle of what it did.
    if (text.startsWith('{"e":"InternalError')) this.spoiled = true;
    return { type: "ended", text };
  }

  #stop(): Turn {
    this.spoiled = true;
    return { type: "stopped" };
  }

  #giveUp(error: QuickJSHandle): Turn {
    this.spoiled = true;
    const message = this.#describe(error);
    return this.#mustStop() ? { type: "stopped" } : { type: "fault", message };
  }

  #evaluate(source: string, name: string): QuickJSHandle {
    return this.#context.unwrapResult(this.#context.evalCode(source, name));
  }

  /** Only what the engine itself threw comes here, or a syntax error; the rest is described inside. */
  #describe(error: QuickJSHandle): string {
    const context = this.#context;
    const [name, message, stack = ""] = ["name", "message", "stack"].map((key) => {
      const handle = context.getProp(error, key);
      const text = context.typeof(handle) === "string" ? context.getString(handle) : "";
      handle.dispose();
      return text;
    });
    error.dispose();
    // The line before the script's first is ours.
    const place = /:(\d+):(\d+)\)?\s*$/.exec(stack.split("\n", 1)[0] ?? "");
    const where = place === null ? "" : ` (line ${Math.max(1, Number(place[1]) - 1)}, column ${place[2]})`;
    return `${name}: ${message}${where}`.slice(0, 2000);
  }
}
