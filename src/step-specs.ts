import { dbSpec } from "./executors/db/spec.ts";
import { grpcSpec } from "./executors/grpc/spec.ts";
import { socketSpec } from "./executors/socket/spec.ts";
import { httpOptions, httpSpec } from "./executors/http/spec.ts";
import { mqSpec } from "./executors/mq/spec.ts";
import { websocketSpec } from "./executors/websocket/spec.ts";
import { sseSpec } from "./executors/sse/spec.ts";
import { scriptLibs, scriptSpec } from "./executors/script/spec.ts";
import { callSpec } from "./flow/call/spec.ts";
import { conditionSpec } from "./flow/condition/spec.ts";
import { groupSpec } from "./flow/group/spec.ts";
import { breakSpec, continueSpec } from "./flow/jump/spec.ts";
import { loopSpec } from "./flow/loop/spec.ts";
import { parallelSpec } from "./flow/parallel/spec.ts";
import { retrySpec } from "./flow/retry/spec.ts";
import { rendezvousSpec } from "./flow/rendezvous/spec.ts";
import { sleepSpec } from "./flow/sleep/spec.ts";
import { switchSpec } from "./flow/switch/spec.ts";
import { waitUntilSpec } from "./flow/wait-until/spec.ts";
import type { StepSpec } from "./protocol/step-spec.ts";

/** One row per step type; its keys are what `type` accepts. */
export const stepSpecs = {
  http: httpSpec,
  script: scriptSpec,
  mq: mqSpec,
  db: dbSpec,
  socket: socketSpec,
  grpc: grpcSpec,
  websocket: websocketSpec,
  sse: sseSpec,
  sleep: sleepSpec,
  group: groupSpec,
  condition: conditionSpec,
  loop: loopSpec,
  break: breakSpec,
  continue: continueSpec,
  parallel: parallelSpec,
  switch: switchSpec,
  retry: retrySpec,
  wait_until: waitUntilSpec,
  call: callSpec,
  rendezvous: rendezvousSpec,
} as const satisfies Record<string, StepSpec>;

/** What step types add to the workflow and its options. */
export const stepOptions = {
  http: httpOptions,
  libs: scriptLibs,
} as const;
