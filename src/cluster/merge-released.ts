import type { Released } from "../protocol/message.ts";

/**
 * What two releases, one after the other, gave back. A release that is superseded by the next one before it was
 * answered must not take what it freed with it: the VUs would begin again from 0 elsewhere.
 */
export function mergeReleased(first: Released, second: Released): Released {
  const count = Math.max(first.begun.length, second.begun.length, first.unstarted.length, second.unstarted.length);
  const scenarios = Array.from({ length: count }, (_, at) => at);
  return {
    unstarted: scenarios.map((at) => [...(first.unstarted[at] ?? []), ...(second.unstarted[at] ?? [])]),
    begun: scenarios.map((at) => [...new Map([...(first.begun[at] ?? []), ...(second.begun[at] ?? [])])]),
  };
}
