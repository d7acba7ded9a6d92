import { type DemoRequest, sendError, sendJson } from "./answer.ts";

const largestCapacity = 100_000;
const mostQueues = 100;
/** Who would have to wait longer is turned away. */
const longestWaitMs = 60_000;

/**
 * `/capacity/N`: N answers a second, one after the other; whoever comes faster waits in a queue that all share who ask for
 * the same N. A load above N is where such a target's knee is.
 */
export function createCapacity(): (request: DemoRequest) => void {
  /** By N: when all that wait have been answered, ms. */
  const freeAt = new Map<number, number>();
  return ({ response, rest }) => {
    const perSecond = /^\d{1,6}$/.test(rest[0] ?? "") ? Number(rest[0]) : 0;
    if (perSecond < 1 || perSecond > largestCapacity)
      return sendError(response, 400, `a capacity is 1 to ${largestCapacity} answers a second`);
    const now = performance.now();
    const known = freeAt.get(perSecond);
    if (known === undefined && freeAt.size >= mostQueues)
      return sendError(response, 400, `there are ${mostQueues} capacities already; use one of them`);
    const turn = Math.max(known ?? now, now) + 1_000 / perSecond;
    const waitMs = turn - now;
    if (waitMs > longestWaitMs)
      return sendError(response, 503, `the queue is longer than ${longestWaitMs / 1_000} seconds`);
    freeAt.set(perSecond, turn);
    const timer = setTimeout(() => sendJson(response, { capacity: perSecond, waited_ms: Math.round(waitMs) }), waitMs);
    // Who has left keeps the place: the work is under way.
    response.once("close", () => clearTimeout(timer));
  };
}
