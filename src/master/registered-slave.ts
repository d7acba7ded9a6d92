import type { Hello, Refused, SlaveCard, SlaveLink, SlaveStatus, Welcome } from "../protocol/link.ts";
import type { SlaveConnection } from "../protocol/rest.ts";

/** A slave as the master knows it; offline ones are kept for 24 h. */
export interface RegisteredSlave {
  readonly card: SlaveCard;
  /** The engine's version. */
  readonly version: string;
  /** Its process. */
  readonly instance: string;
  readonly state: SlaveConnection;
  /** null: it has not said anything yet. */
  readonly status: SlaveStatus | null;
  /** Through the API. */
  readonly drained: boolean;
  /** VUs that executions hold on it. */
  readonly heldVus: number;
  /** Executions it takes part in. */
  readonly tasks: number;
  /** Epoch ms. */
  readonly lastSeen: number;
}

/** What of a slave outlives its master: until it comes again it is known, and offline. */
export type KnownSlave = Pick<RegisteredSlave, "card" | "version" | "instance" | "drained" | "lastSeen">;

/** What changed about a slave. */
export interface RegistryEvent {
  readonly type: "joined" | "left" | "drained" | "undrained";
  readonly id: string;
}

/** The slaves of this master. */
export interface Registry {
  /** Slaves of an earlier master, before any says hello to this one. */
  restore(known: readonly KnownSlave[]): void;
  /** Decides on a hello; another living process of the same id is probed first. */
  connect(hello: Hello, link: SlaveLink): Promise<Welcome | Refused>;
  /** Its link is gone; ignored for an instance, or with `link` a link, that was replaced. */
  disconnect(id: string, instance: string, link?: SlaveLink): void;
  noteStatus(id: string, instance: string, status: SlaveStatus): void;
  /** It has said something. */
  noteSign(id: string, instance: string): void;
  noteProbeAnswer(id: string, instance: string): void;
  /** false: unknown. Repeating it changes nothing. */
  setDraining(id: string, draining: boolean): boolean;
  /** By id. */
  list(): readonly RegisteredSlave[];
  get(id: string): RegisteredSlave | null;
  /** Is this slave connected, by the link that was given this ticket? */
  holdsTicket(id: string, ticket: string): boolean;
  /** Is this a process that lost the id and reports what it measured? `reported`: it just has. */
  reports(id: string, instance: string, reported: boolean): boolean;
  /** The link of a connected slave; null: it is offline, or unknown. */
  linkOf(id: string): SlaveLink | null;
  /** Closes all links. */
  close(): void;
}
