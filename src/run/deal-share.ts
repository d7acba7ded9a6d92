import { cutShare } from "../plan/cut-plan.ts";
import { cutWindows, findWindowsEnd, listWindowsBefore, listWindowsFrom } from "../plan/cut-windows.ts";
import { endless, listIndices } from "../plan/index-runs.ts";
import { packIndices } from "../plan/move-indices.ts";
import type { ArrivalPattern, IndexRun, Plan, ScenarioShare, Share } from "../protocol/plan.ts";

/** What the threads of a slave hold of its share, as it changes. Together they always hold exactly the share. */
export interface ShareDealer {
  /** One per thread. */
  readonly parts: readonly Share[];
  /** The threads keep what of this they hold: nothing is dealt. */
  release(kept: Share): readonly Share[];
  /**
   * A thread keeps what it holds; new VUs go to the thread with the fewest, new windows are cut by the VUs each holds
   * then.
   */
  grant(whole: Share): readonly Share[];
}

/** Deals a share to threads. `largest`: no VU beyond this index has run so far, in any scenario. */
export function createShareDealer(plan: Plan, share: Share, threads: number, largest: () => number): ShareDealer {
  let parts = threads === 1 ? [share] : cutShare(share, plan, threads);

  const change = (
    to: Share,
    deal: (held: readonly ScenarioShare[], whole: ScenarioShare, at: number) => ScenarioShare[],
  ) => {
    const byScenario = to.scenarios.map((whole, at) =>
      threads === 1
        ? [whole]
        : deal(
            parts.map((part) => part.scenarios[at] ?? nothing),
            whole,
            at,
          ),
    );
    parts = parts.map((_, thread) => ({ scenarios: byScenario.map((dealt) => dealt[thread] ?? nothing) }));
    return parts;
  };

  const listHeld = (whole: ScenarioShare, held: readonly ScenarioShare[]) => {
    // Runs without an end cannot be told apart one by one: they end where a VU was heard of last.
    const last = Math.max(largest(), ...[whole, ...held].map(({ vus }) => findLastNamed(vus)));
    return { named: listIndices(whole.vus, 0, last), held: held.map(({ vus }) => listIndices(vus, 0, last)) };
  };

  return {
    get parts() {
      return parts;
    },
    release: (kept) =>
      change(kept, (held, whole) => {
        const { named, held: indices } = listHeld(whole, held);
        const stays = new Set(named);
        const kept = indices.map((own) => own.filter((index) => stays.has(index)));
        const windows = cutMore(whole, held, kept);
        const end = findWindowsEnd(whole.arrivals);
        return held.map((part, thread) => ({
          vus: packIndices(kept[thread] ?? []),
          arrivals: [...listWindowsBefore(part.arrivals, end), ...(windows[thread] ?? [])],
          iterations: whole.iterations,
        }));
      }),
    grant: (whole) =>
      change(whole, (held, granted, at) => {
        const { named, held: indices } = listHeld(granted, held);
        const known = new Set(indices.flat());
        const dealt = dealToFewest(
          named.filter((index) => !known.has(index)),
          indices,
          at,
        );
        const windows = cutMore(granted, held, dealt);
        return held.map((part, thread) => {
          const own = dealt[thread] ?? [];
          const mine = new Set(own);
          return {
            vus: packIndices(own),
            arrivals: forgetPassed([...part.arrivals, ...(windows[thread] ?? [])], granted.arrivals),
            iterations: granted.iterations,
            begun: granted.begun?.filter(([vu]) => mine.has(vu)),
          };
        });
      }),
  };
}

const nothing: ScenarioShare = { vus: [], arrivals: [], iterations: [] };

/** Everybody's indices with the new ones; thread `first` comes first among equals, so that VUs of small scenarios spread. */
function dealToFewest(indices: readonly number[], held: readonly (readonly number[])[], first: number): number[][] {
  const dealt = held.map((own) => [...own]);
  for (const index of indices) {
    let best = first % dealt.length;
    for (let thread = 0; thread < dealt.length; thread++) {
      if ((dealt[thread]?.length ?? 0) < (dealt[best]?.length ?? 0)) best = thread;
    }
    dealt[best]?.push(index);
  }
  return dealt.map((own) => own.sort((a, b) => a - b));
}

/** What of the windows lies behind all that is held, cut by the VUs each thread has now. */
function cutMore(
  whole: ScenarioShare,
  held: readonly ScenarioShare[],
  vus: readonly (readonly number[])[],
): ArrivalPattern[][] {
  const end = Math.max(0, ...held.map(({ arrivals }) => findWindowsEnd(arrivals)));
  return cutWindows(
    listWindowsFrom(whole.arrivals, end),
    vus.map(({ length }) => length),
  );
}

function findLastNamed(runs: readonly IndexRun[]): number {
  return runs.reduce((last, { from, to }) => Math.max(last, to === endless ? from : to), 0);
}

/** Windows that lie before all of the owner's are over for everybody. */
function forgetPassed(windows: ArrivalPattern[], granted: readonly ArrivalPattern[]): ArrivalPattern[] {
  const first = granted[0]?.from ?? 0;
  return windows.filter(({ to }) => to === null || to > first);
}
