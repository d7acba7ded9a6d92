import { expect } from "vitest";
import type { CountingTarget } from "./counting-target.ts";

/** VUs that come one by one, wait for each other, and go on. */
export function createMeeting(url: string, meet: object, options: object): object {
  const go = (id: string) => ({
    id,
    type: "http",
    config: { url: `/${id}/\${vu.id}`, headers: { "x-slave": "${slave.id}" } },
  });
  return {
    options: { ...options, http: { base_url: url } },
    steps: [
      { type: "sleep", config: { duration: { min: "1ms", max: "150ms" } } },
      go("before"),
      { id: "meet", type: "rendezvous", config: meet },
      go("after"),
    ],
  };
}

/** Nobody was past the place before enough had come to it, as the target saw it; gives how many went on. */
export async function checkOrder(target: CountingTarget, count: number): Promise<number> {
  let before = 0;
  let after = 0;
  for (const { path } of await target.list()) {
    if (path.startsWith("/before")) before++;
    else after++;
    expect(after).toBeLessThanOrEqual(before - (before % count));
  }
  return after;
}
