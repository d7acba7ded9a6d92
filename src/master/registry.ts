import type { SlaveConnection } from "../protocol/rest.ts";
import type { Hello, Refused, SlaveCard, SlaveLink, SlaveStatus, Welcome } from "../protocol/link.ts";

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
  /** VUs that executions hold on it. */
  readonly heldVus: number;
  /** Executions it takes part in. */
  readonly tasks: number;
  /** Epoch ms. */
  readonly lastSeen: number;
}

/** The slaves of this master. */
export interface Registry {
  /** Decides on a hello; another living process of the same id is probed first. Never rejects. */
  connect(hello: Hello, link: SlaveLink): Promise<Welcome | Refused>;
  /** Its link is gone; ignored for an instance that was replaced. */
  disconnect(id: string, instance: string): void;
  noteStatus(id: string, instance: string, status: SlaveStatus): void;
  noteProbeAnswer(id: string, instance: string): void;
  /** false: unknown. */
  setDraining(id: string, draining: boolean): boolean;
  /** By id. */
  list(): readonly RegisteredSlave[];
  get(id: string): RegisteredSlave | null;
  /** The link of a connected slave. */
  linkOf(id: string): SlaveLink | null;
}
