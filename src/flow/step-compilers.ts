import { callCompiler } from "./call/compile.ts";
import { conditionCompiler } from "./condition/compile.ts";
import { groupCompiler } from "./group/compile.ts";
import { breakCompiler, continueCompiler } from "./jump/compile.ts";
import { loopCompiler } from "./loop/compile.ts";
import { parallelCompiler } from "./parallel/compile.ts";
import type { StepCompilers } from "./place.ts";
import { rendezvousCompiler } from "./rendezvous/compile.ts";
import { retryCompiler } from "./retry/compile.ts";
import { sleepCompiler } from "./sleep/compile.ts";
import { switchCompiler } from "./switch/compile.ts";
import { waitUntilCompiler } from "./wait-until/compile.ts";

/** One row per flow type: the steps that need no executor. */
export const stepCompilers = {
  group: groupCompiler,
  sleep: sleepCompiler,
  condition: conditionCompiler,
  loop: loopCompiler,
  break: breakCompiler,
  continue: continueCompiler,
  parallel: parallelCompiler,
  switch: switchCompiler,
  retry: retryCompiler,
  wait_until: waitUntilCompiler,
  call: callCompiler,
  rendezvous: rendezvousCompiler,
} as const satisfies StepCompilers;
