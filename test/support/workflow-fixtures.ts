import { defaultTls } from "../../src/protocol/tls.ts";
import type { HttpDefaults, Scenario, Step, Workflow } from "../../src/protocol/workflow.ts";

/** `options.http` of a workflow that says nothing of it. */
export const httpDefaults: HttpDefaults = {
  baseUrl: null,
  domains: {},
  headers: [],
  query: [],
  auth: null,
  expectStatus: null,
  maxHeader: 64_000,
  maxBody: 16_000_000,
  cookies: "vu",
  connections: "vu",
  dnsTtlMs: 300_000,
  hosts: {},
  connectTimeoutMs: 10_000,
  totalTimeoutMs: 60_000,
  redirect: { follow: true, maxRedirects: 10 },
  sources: [],
  tls: defaultTls,
  version: "1.1",
  proxy: null,
  compression: false,
  requestCoding: null,
  tracing: null,
  resources: null,
};

/** A step as resolving makes it, with the defaults of its fields. */
export function completeStep(fields: Pick<Step, "id" | "type"> & Partial<Step>): Step {
  return {
    name: fields.id,
    config: {},
    timeoutMs: null,
    onError: "abort",
    retry: { maxAttempts: 3, delayMs: 1000, backoff: "fixed", maxDelayMs: 30_000 },
    condition: null,
    extract: [],
    assert: [],
    checks: [],
    preHook: [],
    postHook: [],
    thinkTime: null,
    tags: {},
    disabled: false,
    ...fields,
  };
}

/** A scenario as resolving makes it: one iteration of one VU unless the fields say otherwise. */
export function completeScenario(fields: Partial<Scenario> = {}): Scenario {
  return {
    name: "default",
    load: { mode: "shared-iterations", vus: 1, iterations: 1, maxDurationMs: 600_000 },
    startTimeMs: 0,
    gracefulStopMs: 30_000,
    pacingMs: 0,
    thinkTime: null,
    onError: "abort",
    variables: {},
    tags: {},
    steps: [],
    targetSlaves: null,
    limitSearch: null,
    vuSetup: [],
    vuTeardown: [],
    preHook: [],
    postHook: [],
    ...fields,
  };
}

/** A workflow as resolving makes it, with the defaults of its fields; without scenarios. */
export function completeWorkflow(fields: Partial<Workflow> = {}): Workflow {
  return {
    id: "test",
    name: "test",
    description: null,
    version: null,
    variables: {},
    metrics: {},
    outputs: [],
    libs: {},
    http: httpDefaults,
    scenarios: [],
    setup: [],
    teardown: [],
    connections: {},
    setupTimeoutMs: 60_000,
    teardownTimeoutMs: 60_000,
    warmUpMs: 0,
    thresholds: [],
    targetSlaves: { mode: "auto", slaveIds: [], labels: {}, capabilities: [], minSlaves: 1, maxSlaves: null },
    onSlaveLoss: "redistribute",
    onSlaveJoin: "fill",
    tags: {},
    options: {},
    files: [],
    feeders: [],
    seed: null,
    locale: "en",
    ...fields,
  };
}
