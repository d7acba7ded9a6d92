/** A customer who has logged in, and what is in the cart: how many of each product. */
export interface Session {
  readonly user: string;
  readonly cart: Map<string, number>;
}

/** What customers did since the shop opened. */
export interface Ledger {
  logins: number;
  orders: number;
  revenue_cents: number;
}

/** Customers by session and their ledger. */
export interface Customers {
  readonly ledger: Ledger;
  /** Starts a session; gives its id. */
  enter(user: string): string;
  /** undefined: there is no such session. */
  find(session: string | undefined): Session | undefined;
  /** How many different users have logged in. */
  countUsers(): number;
}

/** The oldest sessions end when there are more. */
const mostSessions = 100_000;

/** `createId` names the sessions. */
export function createCustomers(createId: () => string): Customers {
  const sessions = new Map<string, Session>();
  const users = new Set<string>();
  const ledger: Ledger = { logins: 0, orders: 0, revenue_cents: 0 };
  return {
    ledger,
    enter: (user) => {
      const id = createId();
      sessions.set(id, { user, cart: new Map() });
      ledger.logins++;
      // A user who is not remembered may be counted again: the memory of a target that runs for days stays bounded.
      if (users.size < mostSessions) users.add(user);
      if (sessions.size > mostSessions) sessions.delete(sessions.keys().next().value ?? "");
      return id;
    },
    find: (session) => (session === undefined ? undefined : sessions.get(session)),
    countUsers: () => users.size,
  };
}
