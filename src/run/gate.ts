import type { Alarm, Clock, Permit } from "../protocol/ports.ts";

/** Whether iterations may begin on this thread: shut from the end of the lease until it is renewed. */
export interface Gate {
  /** At this `Clock.now()`. Shuts where the lease is found to have ended. */
  isOpen(now: number): boolean;
  /** Looks at the lease now, and from now on by itself. */
  watch(): void;
  /** No more looks; idempotent. */
  close(): void;
}

export interface GateEvents {
  /** The lease has ended: what runs is to be aborted. */
  onShut(): void;
  onOpened(): void;
}

/** How often a shut gate looks whether the lease was renewed, ms. */
const lookMs = 20;

/** A gate before a lease that ends by itself; `readDeadline` says when, as a `Clock.now()`. */
export function createGate(clock: Clock, permit: Permit, readDeadline: () => number, events: GateEvents): Gate {
  let open = true;
  let watching = false;
  let alarm: Alarm | null = null;

  const isOpen = (now: number): boolean => {
    if (!open) return false;
    if (permit.maySend(now)) return true;
    open = false;
    lookAgain(now + lookMs);
    events.onShut();
    return false;
  };
  const look = () => {
    const now = clock.now();
    if (!open && permit.maySend(now)) {
      open = true;
      events.onOpened();
    }
    if (isOpen(now)) lookAgain(Math.max(readDeadline(), now));
    else lookAgain(now + lookMs);
  };
  const lookAgain = (at: number) => {
    if (!watching) return;
    alarm?.cancel();
    alarm = clock.at(at, look);
  };

  return {
    isOpen,
    watch() {
      watching = true;
      look();
    },
    close() {
      watching = false;
      alarm?.cancel();
      alarm = null;
    },
  };
}

/** Without a lease everything may begin at any time. */
export const openGate: Gate = { isOpen: () => true, watch: () => undefined, close: () => undefined };
