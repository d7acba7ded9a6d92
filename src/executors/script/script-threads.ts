import { randomBytes } from "node:crypto";
import type { Alarm, Clock } from "../../protocol/ports.ts";
import { describeStop, readEnd, readQuestion } from "./sandbox-words.ts";
import { type Question, ScriptRun, type RunListener, type ScriptEnd } from "./script-run.ts";
import { createSlowScripts } from "./slow-scripts.ts";
import { type Refused, ScriptThread } from "./script-thread.ts";
import { createSolitary } from "./solitary.ts";
import { createSpareThreads } from "./spare-threads.ts";
import type { MemoryUse } from "./thread-memory.ts";
import { lowPriority, type ThreadFact, type ThreadInput } from "./thread-message.ts";

/** How often deadlines, interruptions and stuck threads are looked for, ms. */
const lookEveryMs = 20;
/** A run that computes so long without a break, ms, does not make others wait any longer; one of a slow script, others of these. */
const patienceMs = 50;
const slowPatienceMs = 100;
/** It must have used so much CPU of that, ms; on a busy machine it may only be waiting for a processor. */
const leastComputedMs = 15;
/** So long, ms, nobody waits for it whatever it does. */
const maxPatienceMs = 120;
/** So long, ms, a run may take to notice that it has to stop; then its thread is ended. */
const stopLimitMs = 100;
/** Threads for the scripts that have been seen to compute for long. */
const maxSlow = 4;
/** A run that ran out of memory so often among others gets a thread of its own. */
const maxExhausted = 3;
/** A run that has lost so many threads is not given another. */
const maxMoves = 20;

/** The threads that run the scripts of one load thread. */
export interface ScriptThreads {
  /** Makes the first thread and spare ones; gives what cannot be compiled. */
  start(): Promise<Refused>;
  run(script: number, input: string, deadline: number, signal: AbortSignal, listener: RunListener): void;
  /** What came of a question of a run: JSON for the sandbox. */
  answer(run: ScriptRun, question: Question, text: string): void;
  /** Idempotent; ends all threads. */
  close(): Promise<void>;
}

/**
 * One fast thread takes all runs, because they are short. A run that computes for longer than others should wait keeps its
 * thread for itself, with a low claim on the processor, and the others move to a spare one. Its script is slow from then
 * on: its runs share at most four such threads, until they are found to be quick. Those of a script that takes much
 * memory, and a run that broke a thread, have one for themselves, one after the other.
 */
export function createScriptThreads(
  input: Omit<ThreadInput, "control" | "seed" | "use" | "nice">,
  clock: Clock,
): ScriptThreads {
  const seed = randomBytes(32).toString("hex");
  const threads = new Set<ScriptThread<ScriptRun>>();
  const runs = new Set<ScriptRun>();
  const byId = new Map<number, ScriptRun>();
  const slow = new Set<ScriptThread<ScriptRun>>();
  const slowScripts = createSlowScripts();
  /** Scripts that took more memory than others can spare. */
  const largeScripts = new Set<number>();
  const solitary = createSolitary({ spawn: () => spawnSlow("alone"), begin });
  let fast: ScriptThread<ScriptRun> | null = null;
  const spare = createSpareThreads(() => spawn("shared"), input.scripts.length > 1);
  let lastId = 0;
  let alarm: Alarm | null = null;
  let closing: Promise<void> | null = null;

  return {
    async start() {
      fast = spawn("shared");
      const [refused] = await Promise.all([fast.ready, spare.start()]);
      return refused;
    },
    run(script, text, deadline, signal, listener) {
      lastId = lastId === 0x7fffffff ? 1 : lastId + 1;
      const run = new ScriptRun(lastId, script, text, deadline, signal, listener);
      runs.add(run);
      byId.set(run.id, run);
      give(run);
      alarm ??= clock.at(clock.now() + lookEveryMs, look);
    },
    answer(run, { number, kind }, text) {
      if (kind === "http") run.requests--;
      if (run.ended) return;
      if (run.heldEnd !== null) {
        if (run.requests === 0) end(run, run.heldEnd);
        return;
      }
      const answer = { number, text };
      run.answers.push(answer);
      run.thread?.order(["answer", run.id, answer]);
    },
    close() {
      closing ??= (async () => {
        alarm?.cancel();
        for (const run of runs) end(run, { type: "interrupted" });
        await Promise.all([...threads].map((thread) => thread.close()));
      })();
      return closing;
    },
  };

  function spawn(use: MemoryUse, nice = 0): ScriptThread<ScriptRun> {
    const thread = new ScriptThread<ScriptRun>({ ...input, seed, use, nice }, { onFacts: learn, onLost: lose });
    threads.add(thread);
    return thread;
  }

  function give(run: ScriptRun, from: ScriptThread<ScriptRun> | null = null): void {
    if (run.alone || largeScripts.has(run.script)) solitary.give(run);
    else begin(run, slowScripts.isSlow(run.script) ? pickSlow(from) : (fast ??= spare.take()));
  }

  function begin(run: ScriptRun, thread: ScriptThread<ScriptRun>): void {
    run.thread = thread;
    thread.runs.add(run);
    const answers = run.answers.length === 0 ? null : [...run.answers];
    thread.order(["run", run.id, run.script, Math.max(0, run.deadline - clock.now()), run.input, answers]);
  }

  /** The one with the fewest runs; another as long as all have some and there may be more. */
  function pickSlow(but: ScriptThread<ScriptRun> | null): ScriptThread<ScriptRun> {
    let best: ScriptThread<ScriptRun> | null = null;
    for (const thread of slow) {
      if (thread !== but && (best === null || thread.runs.size < best.runs.size)) best = thread;
    }
    if (best !== null && (best.runs.size === 0 || slow.size >= maxSlow)) return best;
    // The spare ones are for those that must not wait.
    const thread = spawnSlow("shared");
    slow.add(thread);
    return thread;
  }

  function spawnSlow(use: MemoryUse): ScriptThread<ScriptRun> {
    return spawn(use, lowPriority);
  }

  function makeSlow(thread: ScriptThread<ScriptRun>): void {
    if (thread === fast) fast = null;
    thread.giveWay();
    slow.add(thread);
  }

  function move(run: ScriptRun, from: ScriptThread<ScriptRun>): void {
    from.runs.delete(run);
    from.order(["cancel", run.id]);
    run.beginAnew();
    run.moves++;
    give(run, from);
  }

  function end(run: ScriptRun, how: ScriptEnd): void {
    if (run.ended) return;
    run.ended = true;
    runs.delete(run);
    byId.delete(run.id);
    run.thread?.runs.delete(run);
    run.listener.onEnd(how);
  }

  /** Ends a run that its thread knows of. */
  function stop(run: ScriptRun, how: ScriptEnd, now: number): void {
    run.thread?.stop(run, now, now + stopLimitMs);
    end(run, how);
  }

  function learn(thread: ScriptThread<ScriptRun>, facts: readonly ThreadFact[]): void {
    for (const fact of facts) {
      if (fact[0] === "ready" || fact[0] === "refused") continue;
      if (fact[0] === "worn") {
        thread.worn = true;
        setAside(thread);
        continue;
      }
      const run = byId.get(fact[1]);
      // It ended here before, or was moved.
      if (run === undefined || run.thread !== thread) continue;
      if (fact[0] === "moved") move(run, thread);
      else if (fact[0] === "exhausted") moveExhausted(run, thread, fact[2]);
      else if (fact[0] === "ask") hearQuestion(run, fact[2], fact[3]);
      else if (fact[0] === "ended") {
        slowScripts.noteEnd(run.script, fact[3]);
        hearEnd(run, fact[2]);
      } else end(run, describeStop(fact[2], fact[3]));
    }
    if (thread.runs.size === 0 && (thread.worn || (slow.has(thread) && slow.size > maxSlow))) discard(thread);
    solitary.next();
  }

  /** A run that found no memory may be the one that took it, or another beside it. */
  function moveExhausted(run: ScriptRun, thread: ScriptThread<ScriptRun>, isGreedy: boolean): void {
    thread.worn = true;
    setAside(thread);
    run.exhausted++;
    if (isGreedy) largeScripts.add(run.script);
    if (run.exhausted >= maxExhausted) run.alone = true;
    move(run, thread);
  }

  function hearQuestion(run: ScriptRun, number: number, text: string): void {
    const { kind, what, effects } = readQuestion(text);
    run.takeEffects(effects);
    if (!run.isNewQuestion(number)) return;
    if (kind === "http") run.requests++;
    run.listener.onAsk(run, { number, kind, what });
  }

  function hearEnd(run: ScriptRun, text: string): void {
    const { how, effects } = readEnd(text);
    run.takeEffects(effects);
    if (run.requests === 0) end(run, how);
    else run.heldEnd = how;
  }

  function look(): void {
    alarm = null;
    const now = clock.now();
    for (const run of runs) {
      if (run.signal.aborted) stop(run, { type: "interrupted" }, now);
      else if (now >= run.deadline) stop(run, { type: "expired" }, now);
    }
    for (const thread of threads) judge(thread, now);
    solitary.next();
    if (runs.size > 0 || [...threads].some((thread) => thread.look(now) !== null)) {
      alarm = clock.at(now + lookEveryMs, look);
    }
  }

  function judge(thread: ScriptThread<ScriptRun>, now: number): void {
    const computing = thread.look(now);
    if (computing === null) {
      // Its last run may have been stopped rather than ended.
      if (thread.worn && thread.runs.size === 0) discard(thread);
      return;
    }
    if (now >= thread.endAt) {
      discard(thread);
      moveAll(thread, null);
      return;
    }
    const isFast = thread === fast;
    const lasts = now - computing.since;
    if (lasts < (isFast ? patienceMs : slowPatienceMs)) return;
    const own = byId.get(computing.run) ?? null;
    const hasComputed = (thread.countComputed() ?? leastComputedMs) >= leastComputedMs;
    // One that was left alone before it had computed enough to be known is known as soon as it has.
    if (own !== null && hasComputed && !isFast) slowScripts.noteLong(own.script);
    if (thread.runs.size <= (own === null ? 0 : 1)) return;
    if (!hasComputed && lasts < maxPatienceMs) return;
    if (isFast) {
      if (own !== null && hasComputed) slowScripts.noteLong(own.script);
      spare.keepMore();
      makeSlow(thread);
    } else if (slow.size >= maxSlow && [...slow].every(({ runs }) => runs.size > 0)) return;
    moveAll(thread, own);
  }

  /** Gives a thread's runs but one to another thread. */
  function moveAll(thread: ScriptThread<ScriptRun>, but: ScriptRun | null): void {
    for (const run of thread.runs) {
      if (run !== but) move(run, thread);
    }
  }

  /** It gets no new runs. */
  function setAside(thread: ScriptThread<ScriptRun>): void {
    if (thread === fast) fast = null;
    slow.delete(thread);
    solitary.forget(thread);
    spare.forget(thread);
  }

  function discard(thread: ScriptThread<ScriptRun>): void {
    threads.delete(thread);
    setAside(thread);
    // Nothing waits for it any more; closing fails only for a thread that is gone.
    thread.close().catch(() => undefined);
  }

  function lose(thread: ScriptThread<ScriptRun>, error: Error): void {
    threads.delete(thread);
    const wasAlone = solitary.isOn(thread);
    setAside(thread);
    const broken = byId.get(thread.look(clock.now())?.run ?? 0);
    for (const run of thread.runs) {
      if (wasAlone || run.moves >= maxMoves)
        end(run, { type: "failed", message: `its sandbox broke: ${error.message}` });
      else {
        run.alone ||= run === broken;
        move(run, thread);
      }
    }
    solitary.next();
  }
}
