import type { JsonObject } from "../protocol/json.ts";
import { findPrepareLimit } from "../cluster/fleet-state.ts";
import type { SlaveCard } from "../protocol/link.ts";
import type { Clock, Log, Random, TargetLists } from "../protocol/ports.ts";
import { chooseSeed } from "../run/choose-seed.ts";
import { chooseThreads } from "../run/choose-threads.ts";
import { useOwnSources } from "../run/own-sources.ts";
import { createShareRun } from "../run/create-share-run.ts";
import { describeSlave } from "./describe-slave.ts";
import { type DialSecurity, startDialling } from "./dial.ts";
import type { MasterUrl } from "./master-url.ts";
import { createExecutionInputs, type InputSource } from "./execution-inputs.ts";
import { createInputFetcher } from "./fetch-input.ts";
import { createSlave, type ProcessSample, type Slave } from "./slave.ts";
import { createSlaveMetrics } from "./slave-metrics.ts";
import { startStatusServer, type StatusServerOptions } from "./status-server.ts";

export interface MakeSlaveOptions {
  readonly card: SlaveCard;
  readonly engineVersion: string;
  /** A UUID of this process. */
  readonly instance: string;
  /** `auto`: one for a small load, else one per core. */
  readonly threads: number | "auto";
  readonly cores: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What load may be sent to; null: everything. */
  readonly targets: TargetLists | null;
  /** Addresses of this machine that load comes from; empty: those that the workflow names. */
  readonly localIps: readonly string[];
  /** Databases and brokers that workflows may name; what they hold stays here. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** What of its own environment workflows may read as `env.X`; what comes with an execution wins. */
  readonly environment: Readonly<Record<string, string>>;
  /** A folder of this process for the files of its executions. */
  readonly inputRoom: string;
  /** Where they come from. */
  readonly inputs: InputSource;
  sample(): ProcessSample;
  /** Told the secrets of each execution, so that nothing this process says of its own faults shows them. */
  noteSecrets(secrets: Readonly<Record<string, string>>): void;
  /** Without a word from its owner for so long an execution ends here, ms. Default 2 minutes. */
  readonly orphanMs?: number;
}

/** So long before its owner gives up a slave that does not prepare, it says what it lacks, ms. */
const tellingMs = 3_000;

/** A slave that runs shares for real; it is in no network yet. */
export function makeSlave(options: MakeSlaveOptions): Slave {
  const { card, threads, cores, clock, random } = options;
  return createSlave({
    ...options,
    createRun: ({ executionId, plan, share, inputs }, events, { leaseMemory, log }) => {
      options.noteSecrets(inputs.secrets);
      const files = createExecutionInputs(executionId, plan.workflow.files, {
        room: options.inputRoom,
        source: options.inputs,
        clock,
        limitMs: findPrepareLimit(plan) - tellingMs,
      });
      const run = createShareRun(
        {
          plan: { ...plan, workflow: useOwnSources(plan.workflow, options.localIps) },
          share,
          inputs: { ...inputs, env: { ...options.environment, ...inputs.env } },
          slaveId: card.id,
          files: files.paths,
          threads: threads === "auto" ? chooseThreads(plan, cores) : threads,
          clock,
          random,
          seed: chooseSeed(plan.workflow, executionId),
          log,
          leaseMemory,
          targets: options.targets,
          connections: options.connections,
          opensFiles: false,
        },
        events,
      );
      return files.guard(run);
    },
  });
}

export interface StartSlaveOptions extends Omit<MakeSlaveOptions, "card" | "inputs"> {
  /** `address` is filled in when it is known. */
  readonly card: Omit<SlaveCard, "address">;
  readonly listen: StatusServerOptions;
  readonly masters: readonly MasterUrl[];
  /** Asked before each dial. */
  security(): DialSecurity;
}

/** A slave in its network. */
export interface RunningSlave {
  /** Where it serves `/health`, `/status` and `/metrics`. */
  readonly port: number;
  /** Gives its VUs back, at most so long, ms. */
  drain(longestMs: number): Promise<void>;
  /** Ends everything now. Idempotent. */
  close(): Promise<void>;
}

/** Starts serving and dialling. Throws EngineError `invalid_usage` when its own address can't be had. */
export async function startSlave(options: StartSlaveOptions): Promise<RunningSlave> {
  const { listen, log } = options;
  const server = await startStatusServer(listen);
  if (server.port !== listen.port && listen.port !== 0) {
    log("info", `port ${listen.port} is taken, it listens on ${server.port}`);
  }
  let ticket: string | null = null;
  const inputs = createInputFetcher(options.card.id, options.clock, options.security, () =>
    dialler.master === null || ticket === null ? null : { url: dialler.master, ticket },
  );
  const card = { ...options.card, address: `${listen.host ?? ""}:${server.port}` };
  const slave = makeSlave({ ...options, inputs, card });
  const dialler = startDialling({
    masters: options.masters,
    get hello() {
      return slave.hello;
    },
    security: () => options.security(),
    clock: options.clock,
    random: options.random,
    log,
    onUp(welcome) {
      ticket = welcome.ticket;
      slave.connect(dialler, welcome);
    },
    onDown: () => slave.disconnect(),
    onMessage: (message) => slave.receive(message),
  });
  server.serve({
    health: () => ({ status: "healthy", timestamp: new Date(options.clock.wall()).toISOString() }),
    status: () => describeSlave(slave, dialler.master),
    metrics: createSlaveMetrics(slave, () => dialler.up),
  });
  return {
    port: server.port,
    drain: (longestMs) => slave.drain(longestMs),
    async close() {
      await slave.close();
      await dialler.close();
      await server.close();
    },
  };
}
