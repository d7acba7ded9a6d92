import { createRecorder } from "../measure/thread-recorder.ts";
import type { Share } from "../protocol/plan.ts";
import { createClaims } from "./claims.ts";
import { createGeneratorWatch } from "./generator-watch.ts";
import { createInThread } from "./in-thread.ts";
import { createOwnerOffset } from "./lease-memory.ts";
import { createMasker } from "./masker.ts";
import { createPermit } from "./permit.ts";
import { rehearseThenCompile } from "./rehearse.ts";
import type { SharePart, SharePartEvents } from "./share-part.ts";
import type { ShareRunOptions } from "./share-run.ts";
import { spawnThread } from "./spawn-thread.ts";

/** The parts of a share, one for each of `shares`: one alone in the calling thread, more of them in threads of their own. */
export function createParts(
  options: ShareRunOptions,
  shares: readonly Share[],
  claimMemory: SharedArrayBuffer,
  listen: (thread: number) => SharePartEvents,
): readonly SharePart[] {
  const { plan, inputs, slaveId, files, clock, random, log } = options;
  const { leaseMemory, targets, connections, opensFiles, seed: commonSeed } = options;
  const threads = shares.length;
  if (threads > 1) {
    const common = { plan, inputs, slaveId, files, leaseMemory, targets, connections, opensFiles, commonSeed };
    return shares.map((share, thread) => {
      const seed = Math.floor(random() * 2 ** 32);
      return spawnThread({ ...common, share, threads, claimMemory, seed }, { clock, log }, listen(thread));
    });
  }
  const masker = createMasker(inputs.secrets);
  const recorder = createRecorder({ clock, masker });
  const permit = createPermit(targets, leaseMemory, clock);
  const context = {
    workflow: plan.workflow,
    inputs,
    slaveId,
    recorder,
    clock,
    random,
    log,
    permit,
    ownerOffsetMs: createOwnerOffset(leaseMemory),
    masker,
    connections,
    opensFiles,
    threads: 1,
    files,
    trace: options.trace,
  };
  const claims = createClaims(claimMemory, 1);
  const watch = createGeneratorWatch();
  const compile = rehearseThenCompile(plan);
  const share = shares[0] as Share;
  const part = { plan, share, context, leaseMemory, claims, seed: commonSeed, watch, compile };
  return [createInThread(part, listen(0))];
}
