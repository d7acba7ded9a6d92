import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Alarm, Clock } from "../../protocol/ports.ts";

/** Who hears that a server says nothing. */
export interface SilenceListener {
  /** Its SETTINGS have not come in time. */
  unsettled(): void;
  /** A PING was not answered, and nothing else came. */
  unanswered(): void;
}

/** A server that lives answers a PING at once, whatever its handlers do. */
const pingTimeoutMs = 2_000;

/** Sees whether the server of a session is there: by its SETTINGS after the dial, and by a PING when asked to. */
export class PeerWatch {
  private readonly clock: Clock;
  private readonly session: ClientHttp2Session;
  private readonly socket: Socket;
  private readonly listener: SilenceListener;
  /** null: SETTINGS have come, or need not. */
  private settling: Alarm | null;
  /** null: no PING is on the way. */
  private pinging: Alarm | null = null;

  /** `until`: when SETTINGS must have come, as `Clock.now()`; Infinity: they need not. */
  constructor(clock: Clock, session: ClientHttp2Session, socket: Socket, until: number, listener: SilenceListener) {
    this.clock = clock;
    this.session = session;
    this.socket = socket;
    this.listener = listener;
    this.settling = Number.isFinite(until) ? clock.at(until, () => listener.unsettled()) : null;
  }

  /** SETTINGS have come. */
  settled(): void {
    this.settling?.cancel();
    this.settling = null;
  }

  /** Sends a PING, one at a time. */
  ask(now: number): void {
    if (this.pinging !== null) return;
    const { bytesRead } = this.socket;
    const alarm = this.clock.at(now + pingTimeoutMs, () => {
      this.pinging = null;
      if (this.socket.bytesRead === bytesRead) this.listener.unanswered();
    });
    this.pinging = alarm;
    this.session.ping(() => {
      alarm.cancel();
      if (this.pinging === alarm) this.pinging = null;
    });
  }

  /** Idempotent. */
  stop(): void {
    this.settled();
    this.pinging?.cancel();
    this.pinging = null;
  }
}
