import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError } from "../errors.ts";
import { inputHeaders } from "../protocol/link.ts";
import type { Clock } from "../protocol/ports.ts";
import { createKeyHeaders, type DialSecurity } from "./dial.ts";
import type { InputSource } from "./execution-inputs.ts";

/** The master that a slave is joined to now, and the ticket that it gave the link. */
export interface JoinedMaster {
  /** `http://host:port`. */
  readonly url: string;
  readonly ticket: string;
}

/** Each wait between two tries is longer than the one before, up to the last, ms. */
const betweenMs = 500;
const longestMs = 2_000;

/**
 * Fetches files over the API of the master that the slave is joined to; what fails is tried again until the signal ends
 * it: a master may be away, or not have taken up the execution yet.
 */
export function createInputFetcher(
  slaveId: string,
  clock: Clock,
  security: () => DialSecurity,
  joined: () => JoinedMaster | null,
): InputSource {
  return {
    async fetch(executionId, file, to, signal) {
      const begunAt = clock.now();
      let failure: string | null = null;
      let tries = 0;
      while (!signal.aborted) {
        const master = joined();
        if (master === null) failure = "no master is joined";
        else {
          tries++;
          const answer = await tryOnce(master, { executionId, hash: file.hash, size: file.size, to, signal });
          if (answer === null) return;
          // What the end of the time cut short says nothing of why.
          if (!signal.aborted) failure = answer;
        }
        await wait(Math.min(longestMs, betweenMs * Math.max(1, tries)), signal);
      }
      const tookS = Math.round((clock.now() - begunAt) / 1_000);
      const why = `${failure ?? "it did not answer"} (${tries} tries in ${tookS} s)`;
      throw new EngineError("start_failed", `the file ${file.name} did not come from the master: ${why}`);
    },
  };

  /** Resolves after so long, or once the signal is aborted. */
  function wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        alarm.cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const alarm = clock.at(clock.now() + ms, end);
      signal.addEventListener("abort", end);
    });
  }

  async function tryOnce(
    { url, ticket }: JoinedMaster,
    wanted: { executionId: string; hash: string; size: number; to: string; signal: AbortSignal },
  ): Promise<string | null> {
    const { executionId, hash, size, to, signal } = wanted;
    const { apiKey, ca, cert, key } = security();
    const start = url.startsWith("https:") ? requestSecure : requestPlain;
    try {
      const answered = Promise.withResolvers<IncomingMessage>();
      const outgoing = start(`${url}/api/v1/executions/${encodeURIComponent(executionId)}/inputs/${hash}`, {
        signal,
        agent: false,
        headers: {
          [inputHeaders.slave]: encodeURIComponent(slaveId),
          [inputHeaders.ticket]: ticket,
          ...createKeyHeaders(apiKey),
        },
        ...(ca === null ? {} : { ca }),
        ...(cert === null ? {} : { cert }),
        ...(key === null ? {} : { key }),
      });
      outgoing.on("response", answered.resolve);
      outgoing.on("error", answered.reject);
      outgoing.end();
      const response = await answered.promise;
      if (response.statusCode !== 200) {
        response.resume();
        return `it answered ${response.statusCode}`;
      }
      const digest = createHash("sha256");
      let received = 0;
      const meter = new Transform({
        transform(chunk: Buffer, _encoding, next) {
          digest.update(chunk);
          received += chunk.length;
          next(received > size ? new Error("it is longer than it was said to be") : null, chunk);
        },
      });
      await pipeline(response, meter, createWriteStream(to, { mode: 0o600 }), { signal });
      return digest.digest("hex") === hash ? null : "its bytes are not those that were submitted";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
