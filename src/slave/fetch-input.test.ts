import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock, type TurnedClock } from "../../test/support/turned-clock.ts";
import { EngineError } from "../errors.ts";
import type { ShareRun } from "../run/share-run.ts";
import { createExecutionInputs } from "./execution-inputs.ts";
import { createInputFetcher } from "./fetch-input.ts";

const bytes = "name\nAda\n";
const file = { name: "users.csv", size: bytes.length, hash: createHash("sha256").update(bytes).digest("hex") };
const security = { apiKey: null, ca: null, cert: null, key: null };

function makeRoom(): string {
  const room = mkdtempSync(join(tmpdir(), "workflow-engine-inputs-"));
  onTestFinished(() => rmSync(room, { recursive: true, force: true }));
  return room;
}

/** A master that is not ready for so many requests; gives its URL. */
async function startMaster(refused: number): Promise<string> {
  let asked = 0;
  const server = createServer((_request, response) => {
    if (++asked <= refused) response.writeHead(503).end();
    else response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Turns the clock while more alarms are set than these, so never during a request, until the work has ended. */
async function turnUntil(work: Promise<unknown>, clock: TurnedClock, standing: number): Promise<void> {
  let ended = false;
  void work.finally(() => (ended = true)).catch(() => undefined);
  while (!ended) {
    if (clock.pending > standing) await clock.turn(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("a master that is not ready for longer than some seconds is asked again until the file comes", async () => {
  const url = await startMaster(12);
  const clock = createTurnedClock();
  let joinedAt = Number.POSITIVE_INFINITY;
  const source = createInputFetcher(
    "s",
    clock,
    () => security,
    () => (clock.now() >= joinedAt ? { url, ticket: "t" } : null),
  );
  joinedAt = clock.now() + 2_000;
  const to = join(makeRoom(), "file");
  const begunAt = clock.now();
  const fetching = source.fetch("x", file, to, new AbortController().signal);
  await turnUntil(fetching, clock, 0);
  await fetching;
  expect(readFileSync(to, "utf8")).toBe(bytes);
  expect(clock.now() - begunAt).toBeGreaterThan(15_000);
});

test("what has not come by the limit is told with the reason and the tries", async () => {
  const url = await startMaster(Number.POSITIVE_INFINITY);
  const clock = createTurnedClock();
  const source = createInputFetcher(
    "s",
    clock,
    () => security,
    () => ({ url, ticket: "t" }),
  );
  const inputs = createExecutionInputs("x", [file], { room: makeRoom(), source, clock, limitMs: 27_000 });
  const run = inputs.guard({ prepare: () => Promise.reject(new Error("it has no files")) } as unknown as ShareRun);
  const preparing = run.prepare();
  const refusal = preparing.catch((error: unknown) => error);
  await turnUntil(refusal, clock, 1);
  const error = await refusal;
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(
      /^the file users\.csv did not come from the master: it answered 503 \(\d+ tries in 27 s\)$/,
    ),
  });
  expect(clock.pending).toBe(0);
});
