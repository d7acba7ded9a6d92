import type { Socket } from "node:net";
import { codes } from "../codes.ts";
import type { Dial } from "../dial.ts";
import type { Origin } from "../exchange.ts";
import type { SourceAddress } from "../source-address.ts";
import type { Wire } from "../wire.ts";
import { Opening, type OpeningOwner, type SessionKey } from "./opening.ts";
import { Session, type SessionOwner } from "./session.ts";
import type { StreamExchange } from "./stream-exchange.ts";

/** Who speaks HTTP/1.1 where HTTP/2 is not spoken. */
export interface Http1Fallback {
  readonly source: SourceAddress | null;
  /** A connection that is up, and the exchanges that waited for one. */
  fellBack(key: SessionKey, socket: Socket, dial: Dial, streams: readonly StreamExchange[], now: number): void;
}

/** Sessions of a client to all its origins together; beyond it the oldest idle one is closed. */
const maxKept = 32;

/** The HTTP/2 sessions of one client: one for each origin, shared by all its exchanges. */
export class Sessions implements OpeningOwner, SessionOwner {
  readonly source: SourceAddress | null;
  private readonly wire: Wire;
  private readonly fallback: Http1Fallback;
  private readonly openings = new Set<Opening>();
  /** Those that take exchanges. */
  private readonly sessions: Session[] = [];
  /** Those in which something may run. */
  private readonly living = new Set<Session>();

  constructor(wire: Wire, fallback: Http1Fallback) {
    this.wire = wire;
    this.fallback = fallback;
    this.source = fallback.source;
  }

  /** Runs an exchange; `now` is the time at which it may begin. */
  run(stream: StreamExchange, key: SessionKey, now: number): void {
    const alone = stream.request.lastOnConnection;
    const session = alone ? undefined : this.sessions.find((known) => isSame(known.key, key));
    if (session !== undefined) {
      session.run(stream, now);
      return;
    }
    const underWay = alone ? undefined : [...this.openings].find((known) => isSame(known.key, key));
    if (underWay !== undefined) {
      underWay.add(stream);
      return;
    }
    const opening = new Opening(this.wire, this, key, stream, now);
    this.openings.add(opening);
    opening.start();
  }

  /** Is there a session to this origin that takes exchanges? */
  reaches(origin: Origin): boolean {
    return this.sessions.some(({ key }) => key.origin.key === origin.key);
  }

  closeIdle(): void {
    for (const session of this.sessions.slice()) if (session.idle) session.discard();
  }

  /** Ends everything; what runs is interrupted. */
  interrupt(): void {
    for (const opening of this.openings) opening.interrupt();
    for (const session of this.living) session.interrupt();
  }

  opened(opening: Opening, socket: Socket, dial: Dial, now: number): void {
    this.openings.delete(opening);
    if (this.sessions.length >= maxKept) this.sessions.find(({ idle }) => idle)?.discard();
    const session = new Session(this.wire, this, opening.key, socket, dial);
    this.living.add(session);
    // One that is to carry a single exchange is not shared.
    if (opening.waiting.every(({ request }) => !request.lastOnConnection)) this.sessions.push(session);
    for (const stream of opening.waiting.splice(0)) session.run(stream, now);
  }

  fellBack(opening: Opening, socket: Socket, dial: Dial, now: number): void {
    this.openings.delete(opening);
    this.fallback.fellBack(opening.key, socket, dial, opening.waiting.splice(0), now);
  }

  unopened(opening: Opening): void {
    this.openings.delete(opening);
  }

  retired(session: Session): void {
    const place = this.sessions.indexOf(session);
    if (place >= 0) this.sessions.splice(place, 1);
  }

  lost(session: Session): void {
    this.living.delete(session);
  }

  again(stream: StreamExchange, from: Session, now: number): void {
    if (this.wire.permit.maySend(now)) this.run(stream, from.key, now);
    else stream.fail(codes.other, "interrupted", now);
  }
}

function isSame(one: SessionKey, other: SessionKey): boolean {
  return (
    one.origin.key === other.origin.key &&
    one.trust === other.trust &&
    one.proxy === other.proxy &&
    one.required === other.required
  );
}
