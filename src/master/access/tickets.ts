import { EngineError } from "../../errors.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { Identity } from "./identity.ts";

/** Stand for a key on one WebSocket: a browser can send no header with it. */
export interface Tickets {
  /** A new one, for 30 s and one use. */
  issue(identity: Identity): string;
  /** Who it was issued to; it is gone with this. Throws EngineError `unauthorized`. */
  redeem(ticket: string): Identity;
}

const lifeMs = 30_000;
/** Of one key: a page that asks in a loop pushes out its own. */
const mostOfOne = 100;

/** `createToken` makes a text that nobody can guess. */
export function createTickets(clock: Pick<Clock, "now">, createToken: () => string): Tickets {
  const open = new Map<string, { readonly identity: Identity; readonly until: number }>();
  const dropOver = (): void => {
    // In the order in which they were issued, and all live equally long.
    for (const [ticket, { until }] of open) {
      if (until > clock.now()) return;
      open.delete(ticket);
    }
  };
  return {
    issue(identity) {
      dropOver();
      const own = [...open].filter(([, issued]) => issued.identity.name === identity.name);
      if (own.length >= mostOfOne) open.delete(own[0]?.[0] ?? "");
      const ticket = createToken();
      open.set(ticket, { identity, until: clock.now() + lifeMs });
      return ticket;
    },
    redeem(ticket) {
      dropOver();
      const issued = open.get(ticket);
      open.delete(ticket);
      if (issued !== undefined) return issued.identity;
      throw new EngineError("unauthorized", "this ticket was used, is older than 30 s, or was never issued", {
        hint: "POST /api/v1/auth/ticket gives a new one.",
      });
    },
  };
}
