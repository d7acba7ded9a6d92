import type { SlaveLink } from "../protocol/link.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { Clock } from "../protocol/ports.ts";
import { setDeadline } from "../protocol/set-deadline.ts";

/**
 * Processes whose id another one has taken while they were frozen or cut off. They are no slaves any more, but what they
 * measured really happened: such a process is let in once to report it, and hears nothing but what ends that.
 */
export interface Reporters {
  /** This process has lost its id. */
  noteReplaced(id: string, instance: string): void;
  /** Lets it in, if it had the id once and has not reported since. */
  admit(id: string, instance: string, link: SlaveLink): boolean;
  has(id: string, instance: string): boolean;
  /** It has reported something: it may go on. */
  noteReport(instance: string): void;
  leave(instance: string): void;
  /** The link of an id's slave with those that report under the same id. */
  join(id: string, link: SlaveLink | null): SlaveLink | null;
}

/** Instances that are remembered: more ids than these are made up. */
const mostReplaced = 10_000;

/** `silentMs`: one that reports nothing for so long is sent away. */
export function createReporters(clock: Clock, silentMs: number): Reporters {
  const replaced = new Map<string, string>();
  const open = new Map<string, { readonly id: string; readonly link: SlaveLink; heardAt: number }>();

  const watch = (instance: string): void => {
    const reporter = open.get(instance);
    if (reporter === undefined) return;
    setDeadline(clock, reporter.heardAt + silentMs, () => {
      if (open.get(instance) !== reporter) return;
      if (clock.now() < reporter.heardAt + silentMs) watch(instance);
      else {
        open.delete(instance);
        reporter.link.close("another slave has this id, and all that this one measured is known");
      }
    });
  };

  return {
    noteReplaced(id, instance) {
      replaced.set(instance, id);
      for (const [oldest] of replaced) {
        if (replaced.size <= mostReplaced) break;
        replaced.delete(oldest);
      }
    },
    admit(id, instance, link) {
      if (replaced.get(instance) !== id) return false;
      replaced.delete(instance);
      open.set(instance, { id, link, heardAt: clock.now() });
      watch(instance);
      return true;
    },
    has: (id, instance) => open.get(instance)?.id === id,
    noteReport(instance) {
      const reporter = open.get(instance);
      if (reporter !== undefined) reporter.heardAt = clock.now();
    },
    leave(instance) {
      const reporter = open.get(instance);
      // A cut in the middle: it may come again.
      if (open.delete(instance) && reporter !== undefined) replaced.set(instance, reporter.id);
    },
    join(id, link) {
      const own = [...open.values()].filter((reporter) => reporter.id === id);
      if (own.length === 0) return link;
      return {
        send(message) {
          link?.send(message);
          if (message.type === "order" && endsReport(message.order))
            for (const reporter of own) reporter.link.send(message);
        },
        close: (reason) => link?.close(reason),
        get bufferedBytes() {
          return link?.bufferedBytes ?? 0;
        },
      };
    },
  };
}

/** By their stamps each process knows which are meant for it. */
export function endsReport({ type }: Order): boolean {
  return type === "ack" || type === "resend" || type === "expel";
}

/** What of a process whose id another has is heard: what it measured, and its life once nobody takes it for the slave. */
export function isReport({ type }: Fact, isMember: boolean): boolean {
  return type === "frame" || (!isMember && (type === "heartbeat" || type === "done"));
}
