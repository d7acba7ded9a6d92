import { createHash, createHmac } from "node:crypto";
import { EngineError } from "../../errors.ts";
import type { Clock, Log } from "../../protocol/ports.ts";
import type { Receipt, ReceiptAnswer, Store } from "../../store/store.ts";

/** A request that came with an Idempotency-Key. */
export interface OnceRequest {
  /** Whose key it is: two callers may use the same. */
  readonly caller: string;
  readonly key: string;
  /** All that makes it this request and no other. */
  readonly parts: readonly string[];
}

/** What the one that does the work is told. */
export interface Claim {
  /** For an execution that it makes. */
  readonly executionId: string;
  /** A request like this was begun before a crash: its execution may exist. */
  readonly begun: boolean;
}

/** Does each request once. */
export interface Once {
  /**
   * Does the work, or gives what was answered to the same request in the last 24 h or is being done. What is thrown is
   * not remembered. Throws EngineError `invalid_request` for what is no key, `conflict` for another request under a known
   * one, `rate_limited` where no more can be remembered, or no more of this caller.
   */
  perform(request: OnceRequest, work: (claim: Claim) => Promise<ReceiptAnswer>): Promise<OnceAnswer>;
}

export interface OnceAnswer extends ReceiptAnswer {
  /** It was answered before, to another one. */
  readonly replayed: boolean;
}

export interface OnceOptions {
  readonly store: Pick<Store, "claimReceipt" | "answerReceipt" | "dropReceipt">;
  readonly clock: Clock;
  readonly log: Log;
  /** Receipts that are kept at most, half of them of one caller; each has a few hundred bytes. Default 100,000. */
  readonly most?: number;
  createId(): string;
}

const keptForMs = 24 * 3_600_000;

export function createOnce({ store, clock, log, most = 100_000, createId }: OnceOptions): Once {
  // Whoever uses up what is his leaves as much to the others.
  const room = { most, mostOfCaller: Math.ceil(most / 2) };
  const underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<ReceiptAnswer> }>();

  /** What goes wrong with a receipt does not undo what was done. */
  const settle = async (name: string, change: Promise<void>): Promise<void> => {
    try {
      await change;
    } catch (error) {
      log("warn", `the receipt ${name} was not written: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const doWork = async (receipt: Receipt, work: (claim: Claim) => Promise<ReceiptAnswer>): Promise<OnceAnswer> => {
    const { name, executionId } = receipt;
    const kept = await store.claimReceipt(receipt, clock.wall(), room);
    if (kept === null) {
      const { most: all, mostOfCaller } = room;
      const message = `so many Idempotency-Keys of the last 24 h are remembered (${mostOfCaller} of one caller, ${all} in all) that there is no room for more`;
      throw new EngineError("rate_limited", message, { hint: "Send it without one, or later." });
    }
    if (kept.fingerprint !== receipt.fingerprint) throw createConflict();
    if (kept.answer !== null) return { ...kept.answer, replayed: true };
    try {
      const answer = await work({ executionId: kept.executionId, begun: kept.executionId !== executionId });
      await settle(name, store.answerReceipt(name, answer));
      return { ...answer, replayed: false };
    } catch (error) {
      await settle(name, store.dropReceipt(name));
      throw error;
    }
  };

  return {
    async perform({ caller, key, parts }, work) {
      if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
        const message = "the Idempotency-Key takes 1 to 255 visible ASCII characters, a UUID for example";
        throw new EngineError("invalid_request", message);
      }
      const name = hash(JSON.stringify([caller, key]));
      // The key itself is not stored, so nobody can guess from the store what a body said.
      const digest = createHmac("sha256", key);
      for (const part of parts) digest.update(`${part.length}:`).update(part);
      const fingerprint = digest.digest("base64url");
      const other = underWay.get(name);
      if (other !== undefined) {
        if (other.fingerprint !== fingerprint) throw createConflict();
        return { ...(await other.answer), replayed: true };
      }
      const expiresAt = clock.wall() + keptForMs;
      const receipt = { name, caller: hash(caller), fingerprint, executionId: createId(), expiresAt, answer: null };
      const answer = doWork(receipt, work);
      underWay.set(name, { fingerprint, answer });
      try {
        return await answer;
      } finally {
        underWay.delete(name);
      }
    },
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function createConflict(): EngineError {
  return new EngineError("conflict", "this Idempotency-Key came with another request before; take a new one");
}
