import type { IterationRange, VuIteration } from "../protocol/plan.ts";
import type { Fact } from "../protocol/message.ts";
import type { Alarm, Clock } from "../protocol/ports.ts";

/** What a slave has asked its owner for and not got yet; each is said again every second, because a link may lose it. */
export interface OpenAsks {
  /** More shared iterations of a scenario. */
  want(scenario: string): void;
  /** Iterations of VUs. */
  claim(scenario: string, through: readonly VuIteration[]): void;
  /** Unique rows go back. */
  giveBack(line: string, ranges: readonly IterationRange[]): void;
  /** The return of this number has arrived. */
  takeBack(line: string, serial: number): void;
  /** Is this the allotment that is due? A repetition, or one that comes too early, is not. */
  takeAllotment(scenario: string, serial: number): boolean;
  /** What the claim of this number named; null: it was confirmed before. */
  takeClaim(scenario: string, serial: number): readonly VuIteration[] | null;
  /** Asks for no more; what goes back is said until it is taken, or `close`. Idempotent. */
  settle(): void;
  /** Says nothing any more; idempotent. */
  close(): void;
}

type Claim = Fact & { readonly type: "claim" };
type Return = Fact & { readonly type: "return" };
type Want = Fact & { readonly type: "want" };

const repeatMs = 1000;

export function createOpenAsks(clock: Clock, ask: (fact: Claim | Want | Return) => void): OpenAsks {
  const wants = new Map<string, Want>();
  const claims = new Map<string, Claim>();
  const allotted = new Map<string, number>();
  const returns = new Map<string, Return>();
  const lastReturns = new Map<string, number>();
  let lastClaim = 0;
  let alarm: Alarm | null = null;
  let closed = false;

  const repeat = () => {
    alarm = null;
    for (const fact of [...wants.values(), ...claims.values(), ...returns.values()]) ask(fact);
    watch();
  };
  const watch = () => {
    if (alarm === null && !closed && wants.size + claims.size + returns.size > 0)
      alarm = clock.at(clock.now() + repeatMs, repeat);
  };
  const nameClaim = (scenario: string, serial: number) => `${serial} ${scenario}`;

  return {
    want(scenario) {
      const fact: Want = { type: "want", scenario, serial: allotted.get(scenario) ?? 0 };
      wants.set(scenario, fact);
      ask(fact);
      watch();
    },
    claim(scenario, through) {
      const fact: Claim = { type: "claim", scenario, serial: ++lastClaim, through };
      claims.set(nameClaim(scenario, fact.serial), fact);
      ask(fact);
      watch();
    },
    takeAllotment(scenario, serial) {
      if (serial !== (allotted.get(scenario) ?? 0) + 1) return false;
      allotted.set(scenario, serial);
      wants.delete(scenario);
      return true;
    },
    takeClaim(scenario, serial) {
      const name = nameClaim(scenario, serial);
      const claim = claims.get(name);
      claims.delete(name);
      return claim?.through ?? null;
    },
    giveBack(line, ranges) {
      const serial = (lastReturns.get(line) ?? 0) + 1;
      lastReturns.set(line, serial);
      const fact: Return = { type: "return", line, serial, ranges };
      returns.set(nameClaim(line, serial), fact);
      // In their order: one after the other is taken.
      if ([...returns.values()].every((other) => other.line !== line || other.serial >= serial)) ask(fact);
      watch();
    },
    takeBack(line, serial) {
      returns.delete(nameClaim(line, serial));
      const next = returns.get(nameClaim(line, serial + 1));
      if (next !== undefined) ask(next);
    },
    settle() {
      wants.clear();
      claims.clear();
    },
    close() {
      closed = true;
      alarm?.cancel();
      alarm = null;
    },
  };
}
