import { dealPlan, findUnfit } from "../../src/master/deal-plan.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import type { Plan, Share } from "../../src/protocol/plan.ts";
import type { Dice } from "./random.ts";

/** Which slaves may have VUs of which scenario, and the first share of each. */
export interface Selected {
  mayHold(slaveId: string, scenario: number): boolean;
  readonly shares: readonly Share[];
}

/** Half the fleets have scenarios that select some slaves by their names, also of those that join late, where these have room. */
export function pickSelection({ chance, between }: Dice, plan: Plan, ids: readonly string[], room: number): Selected {
  const marks = plan.scenarios.map(() => (chance(0.5) ? null : between(0, 1)));
  const mayHold = (slaveId: string, scenario: number) => {
    const mark = marks[scenario] ?? null;
    return mark === null || Math.floor(Number(/[\d.]+$/.exec(slaveId)?.[0] ?? 0)) % 2 === mark;
  };
  const slaves = ids.map((id) => ({ id, free: room, takes: plan.scenarios.map((_, at) => mayHold(id, at)) }));
  if (chance(0.5) || findUnfit(plan, slaves) !== null) {
    const even = ids.map(() => 1);
    return { mayHold: () => true, shares: cutPlan(plan, even) };
  }
  const dealt = new Map(dealPlan(plan, slaves).map(({ id, share }) => [id, share]));
  const nothing = { vus: [], arrivals: [], iterations: [] };
  return { mayHold, shares: ids.map((id) => dealt.get(id) ?? { scenarios: plan.scenarios.map(() => nothing) }) };
}
