import { type Body, type Drawn, drawnRetry, type Test } from "./drawn-flow.ts";

/** How a step or a list ended: whether the iteration counts as failed by it, and what comes next. */
interface End {
  readonly failed: boolean;
  /** `on`, `abort`, or the loop that a break or continue leaves to. */
  readonly next: "on" | "abort" | { readonly loop: object; readonly again: boolean };
}

/** The step's own failure, as against one of a step inside. */
type Ended = End | "own failure";

interface Loop {
  index: number;
}

interface State {
  now: number;
  v: string | undefined;
  item: string | undefined;
  loop: Loop | null;
}

export interface Told {
  /** `time id text` of every operation, in the order in which they were told, which in branches is not that of time. */
  readonly trace: readonly string[];
  /** Failed and all of the counted steps, by id. */
  readonly counts: ReadonlyMap<string, readonly [failed: number, total: number]>;
  readonly outcome: "passed" | "failed";
  readonly end: number;
}

/**
 * Tells what a tree of drawn steps does, straight from the words of the documentation: virtual time is a number that a
 * wait adds to, a branch of `parallel` is told on its own from the time its place is free.
 */
export function tellDrawn(steps: readonly Drawn[], startAt: number): Told {
  const trace: string[] = [];
  const counts = new Map<string, [number, number]>();
  const calls = new Map<string, number>();
  const state: State = { now: startAt, v: undefined, item: undefined, loop: null };
  const end = tellList(steps, "s", state, Infinity, []);
  return { trace, counts, outcome: end.failed ? "failed" : "passed", end: state.now };

  function tellList(list: readonly Drawn[], prefix: string, at: State, deadline: number, loops: readonly Loop[]): End {
    let failed = false;
    for (const [index, drawn] of list.entries()) {
      const end = tellStep(drawn, `${prefix}${index}`, at, deadline, loops);
      failed ||= end.failed;
      if (end.next !== "on") return { failed, next: end.next };
    }
    return { failed, next: "on" };
  }

  function tellStep(drawn: Drawn, id: string, at: State, deadline: number, loops: readonly Loop[]): End {
    if (!ask(drawn.runs, at)) return { failed: false, next: "on" };
    let failed = false;
    if (drawn.preHook !== null) {
      const before = tellList([drawn.preHook], `${id}p`, at, deadline, []);
      if (before.next === "abort") return fail(drawn, id);
      failed ||= before.failed;
    }
    const end = tellAttempts(drawn, id, at, deadline, loops);
    failed ||= end.failed;
    if (drawn.postHook !== null) {
      const after = tellList([drawn.postHook], `${id}q`, at, deadline, []);
      const meaning = after.next === "abort" ? mean(drawn) : after;
      failed ||= meaning.failed;
      if (meaning.next === "abort") return { failed, next: "abort" };
    }
    return { failed, next: end.next };
  }

  function tellAttempts(drawn: Drawn, id: string, at: State, deadline: number, loops: readonly Loop[]): End {
    for (let attempt = 1; ; attempt++) {
      const startedAt = at.now;
      const limit = Math.min(deadline, startedAt + (drawn.timeoutMs ?? Infinity));
      let ended = tellBody(drawn, id, at, limit, loops);
      const late = drawn.timeoutMs !== null && at.now >= startedAt + drawn.timeoutMs;
      if (drawn.type !== "op" && late && ended !== "own failure" && ended.next !== "abort") ended = "own failure";
      const jumps = ended !== "own failure" && typeof ended.next === "object";
      const bad = ended === "own failure" || ended.next === "abort" || ended.failed;
      const again = at.now + drawnRetry.delayMs;
      if (bad && !jumps && drawn.onError === "retry" && attempt < drawnRetry.maxAttempts && again < deadline) {
        at.now = again;
        continue;
      }
      if (ended === "own failure" || ended.next === "abort") return fail(drawn, id);
      count(id, ended.failed);
      return { failed: ended.failed && drawn.onError !== "skip", next: ended.next };
    }
  }

  function tellBody(drawn: Body, id: string, at: State, deadline: number, loops: readonly Loop[]): Ended {
    switch (drawn.type) {
      case "op": {
        const number = (calls.get(id) ?? 0) + 1;
        calls.set(id, number);
        trace.push(`${at.now} ${id} ${at.v ?? "-"} ${at.item ?? "-"} ${at.loop === null ? "-" : at.loop.index + 1}`);
        const end = at.now + drawn.ms;
        at.now = Math.max(at.now, Math.min(end, deadline));
        if (end > deadline || number % drawn.period === 0) return "own failure";
        at.v = `${id}#${number}`;
        return { failed: false, next: "on" };
      }
      case "sleep": {
        const end = at.now + drawn.ms;
        at.now = Math.max(at.now, Math.min(end, deadline));
        return end <= deadline ? { failed: false, next: "on" } : "own failure";
      }
      case "group":
        return tellList(drawn.steps, `${id}-`, at, deadline, loops);
      case "condition":
        return ask(drawn.test, at)
          ? tellList(drawn.then, `${id}t`, at, deadline, loops)
          : tellList(drawn.else, `${id}e`, at, deadline, loops);
      case "switch": {
        const found = drawn.tests.findIndex((test) => ask(test, at));
        return found < 0
          ? tellList(drawn.cases[2] ?? [], `${id}d`, at, deadline, loops)
          : tellList(drawn.cases[found] ?? [], `${id}c${found}-`, at, deadline, loops);
      }
      case "break":
      case "continue": {
        const loop = loops.at(-1 - drawn.out);
        return { failed: false, next: loop === undefined ? "on" : { loop, again: drawn.type === "continue" } };
      }
      case "loop":
        return tellLoop(drawn, id, at, deadline, loops);
      case "parallel":
        return tellParallel(drawn, id, at, deadline);
      case "retry": {
        for (let attempt = 1; ; attempt++) {
          const end = tellList(drawn.steps, `${id}-`, at, deadline, loops);
          const again = at.now + drawn.delay;
          const bad = end.failed && typeof end.next !== "object";
          if (!bad || attempt === drawn.attempts || again >= deadline) return end;
          at.now = again;
        }
      }
      case "wait_until": {
        const end = Math.min(deadline, at.now + drawn.timeout);
        let failed = false;
        for (;;) {
          const round = tellList(drawn.steps, `${id}-`, at, deadline, loops);
          failed ||= round.failed;
          if (round.next !== "on" || ask(drawn.test, at)) return { failed, next: round.next };
          if (at.now >= end) return "own failure";
          at.now = Math.min(at.now + drawn.interval, end);
        }
      }
      case "call": {
        const { v, item } = at;
        at.v = drawn.gives ? (v ?? "-") : undefined;
        at.item = undefined;
        const end = tellList(drawn.steps, `${id}-`, at, deadline, []);
        const result = at.v ?? "-";
        at.v = drawn.takes && end.next === "on" ? result : v;
        at.item = item;
        return end;
      }
    }
  }

  function tellLoop(
    drawn: Extract<Body, { type: "loop" }>,
    id: string,
    at: State,
    deadline: number,
    loops: readonly Loop[],
  ): Ended {
    const { loop: outer, item } = at;
    const loop: Loop = { index: -1 };
    at.loop = loop;
    const end = tellPasses();
    at.loop = outer;
    if (drawn.mode === "foreach") at.item = item;
    return end;

    function tellPasses(): Ended {
      let failed = false;
      // `split` of an empty text is one empty item.
      const passes = drawn.mode === "foreach" ? Math.max(1, drawn.count) : drawn.count;
      for (loop.index = 0; loop.index < passes; loop.index++) {
        if (drawn.mode === "foreach") at.item = drawn.count === 0 ? "" : "abcd"[loop.index];
        if (ask(drawn.breaks, at)) break;
        if (loop.index >= drawn.limit || at.now >= deadline) return "own failure";
        if (ask(drawn.continues, at)) continue;
        const pass = tellList(drawn.steps, `${id}-`, at, deadline, [...loops, loop]);
        failed ||= pass.failed;
        if (typeof pass.next === "object" && pass.next.loop === loop) {
          if (pass.next.again) continue;
          break;
        }
        if (pass.next !== "on") return { failed, next: pass.next };
      }
      return { failed, next: "on" };
    }
  }

  function tellParallel(drawn: Extract<Body, { type: "parallel" }>, id: string, at: State, deadline: number): End {
    const free = Array.from({ length: drawn.concurrency }, () => at.now);
    const before = at.v;
    let failed = false;
    let aborted = false;
    for (const [index, branch] of drawn.steps.entries()) {
      free.sort((one, other) => one - other);
      const own: State = { ...at, now: free[0] ?? at.now, v: before };
      const end = tellStep(branch, `${id}-${index}`, own, deadline, []);
      free[0] = own.now;
      failed ||= end.failed;
      aborted ||= end.next === "abort";
      if (own.v !== before) at.v = own.v;
    }
    at.now = Math.max(...free);
    return { failed, next: aborted ? "abort" : "on" };
  }

  function fail(drawn: Drawn, id: string): End {
    count(id, true);
    return mean(drawn);
  }

  function count(id: string, failed: boolean): void {
    const [bad, all] = counts.get(id) ?? [0, 0];
    counts.set(id, [bad + (failed ? 1 : 0), all + 1]);
  }
}

function mean({ onError }: Drawn): End {
  if (onError === "skip") return { failed: false, next: "on" };
  return { failed: true, next: onError === "continue" ? "on" : "abort" };
}

function ask(test: Test, at: State): boolean {
  if (test.of === "constant") return test.value;
  if (test.of === "index") return at.loop !== null && at.loop.index % 2 === 0;
  return at.v?.endsWith(`#${test.count}`) ?? false;
}
