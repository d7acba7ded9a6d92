import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { ScriptSettings } from "../thread-message.ts";
import { apiSource } from "./api-source.ts";
import { hardenSource } from "./harden-source.ts";
import { createHostCalls } from "./host-calls.ts";
import { pmSource } from "./pm-source.ts";

/** Bytes that one run may hold, the sandbox's own 0.3 MB included. */
const maxMemory = 64 * 1024 * 1024;
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
  /** It cannot go on. */
  | { readonly type: "fault"; readonly message: string };

/**
 * A QuickJS runtime that holds one run at a time. Its intrinsics and globals are frozen and a run's own state is
 * forgotten with it, so that it serves run after run; after one that it cannot answer for it is thrown away.
 */
export class Sandbox {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #scripts: readonly string[];
  readonly #compiled = new Set<number>();
  readonly #entries: Record<"register" | "start" | "answer" | "pending", QuickJSHandle>;
  readonly #handles: QuickJSHandle[] = [];
  readonly #mustStop: () => boolean;
  #onAsk: (number: number, text: string) => void = () => undefined;
  #outcome: string | null = null;
  #spoiled = false;

  constructor(driver: QuickJSWASMModule, { scripts, libs, settings, seed, mustStop }: SandboxOptions) {
    this.#scripts = scripts;
    this.#mustStop = mustStop;
    this.#runtime = driver.newRuntime();
    this.#runtime.setMaxStackSize(maxStack);
    const context = this.#runtime.newContext();
    this.#context = context;
    const host = createHostCalls(context, seed, {
      ask: (number, text) => this.#onAsk(number, text),
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
      const factory = this.#evaluate(
        `(function (module, exports, require) { "use strict";\n${source}\n})`,
        `lib ${name}`,
      );
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
      pending: context.getProp(entries, "pending"),
    };
    this.#handles.push(...Object.values(this.#entries), host, api, given, entries, pm, registerLib);
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

  /** Begins a run. `onAsk` hears what it asks for, while the call lasts and in later turns. */
  start(script: number, id: number, input: string, onAsk: (number: number, text: string) => void): Turn {
    this.#onAsk = onAsk;
    this.#outcome = null;
    const problem = this.compile(script);
    if (problem !== null) return { type: "fault", message: problem };
    const context = this.#context;
    const place = context.newNumber(script);
    const number = context.newNumber(id);
    const text = context.newString(input);
    const result = context.callFunction(this.#entries.start, context.undefined, place, number, text);
    text.dispose();
    number.dispose();
    place.dispose();
    if (result.error) return this.#giveUp(result.error);
    const outcome = context.getString(result.value);
    result.value.dispose();
    return outcome === "" || this.#runtime.hasPendingJob() ? this.#drain(outcome) : this.#end(outcome);
  }

  /** Hands the run an answer. */
  answer(number: number, text: string): Turn {
    const context = this.#context;
    const place = context.newNumber(number);
    const value = context.newString(text);
    const result = context.callFunction(this.#entries.answer, context.undefined, place, value);
    value.dispose();
    place.dispose();
    if (result.error) return this.#giveUp(result.error);
    result.value.dispose();
    return this.#drain("");
  }

  /** May another run begin here? Only after one that ended and left nothing under way. */
  get reusable(): boolean {
    return !this.#spoiled && !this.#runtime.hasPendingJob() && this.#countPending() === 0;
  }

  /** Frees everything; false: a run was broken off in the middle, and what it left cannot be freed. */
  dispose(): boolean {
    if (this.#spoiled) return false;
    for (const handle of this.#handles) handle.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
    return true;
  }

  /** Runs the jobs that are due. `outcome`: the run has ended already; empty: it has not. */
  #drain(outcome: string): Turn {
    this.#outcome ??= outcome === "" ? null : outcome;
    while (this.#runtime.hasPendingJob()) {
      const result = this.#runtime.executePendingJobs(jobsAtOnce);
      if (result.error) return this.#giveUp(result.error);
      if (this.#mustStop()) return this.#stop();
    }
    if (this.#outcome !== null) return this.#end(this.#outcome);
    if (this.#countPending() > 0) return { type: "waits" };
    return { type: "fault", message: "the script waits for a promise that nothing can fulfil any more" };
  }

  #end(text: string): Turn {
    // Out of memory or of stack: it may have lost something in the middle of what it did.
    if (text.startsWith('{"e":"InternalError')) this.#spoiled = true;
    return { type: "ended", text };
  }

  #stop(): Turn {
    this.#spoiled = true;
    return { type: "stopped" };
  }

  #giveUp(error: QuickJSHandle): Turn {
    this.#spoiled = true;
    const message = this.#describe(error);
    return this.#mustStop() ? { type: "stopped" } : { type: "fault", message };
  }

  #countPending(): number {
    const result = this.#context.callFunction(this.#entries.pending, this.#context.undefined);
    if (result.error) {
      result.error.dispose();
      return Number.POSITIVE_INFINITY;
    }
    const count = this.#context.getNumber(result.value);
    result.value.dispose();
    return count;
  }

  #evaluate(source: string, name: string): QuickJSHandle {
    return this.#context.unwrapResult(this.#context.evalCode(source, name));
  }

  /** Only what the engine itself threw comes here, or a syntax error; the rest is described inside. */
  #describe(error: QuickJSHandle): string {
    const context = this.#context;
    const [name, message] = ["name", "message"].map((key) => {
      const handle = context.getProp(error, key);
      const text = context.typeof(handle) === "string" ? context.getString(handle) : "";
      handle.dispose();
      return text;
    });
    error.dispose();
    return `${name}: ${message}`.slice(0, 2000);
  }
}
