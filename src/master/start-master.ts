import { randomBytes } from "node:crypto";
import { computeLeaseTimes } from "../cluster/lease-times.ts";
import type { Configuration } from "../config/configuration.ts";
import type { LinkPort } from "../protocol/link.ts";
import type { Alarm, Clock, Log } from "../protocol/ports.ts";
import type { Store } from "../store/store.ts";
import type { AccessSettings } from "./access/settings.ts";
import { createServer } from "./api/server.ts";
import { createBackUp } from "./back-up.ts";
import { createArchive } from "./archive.ts";
import { createExecutions } from "./create-executions.ts";
import { forgetWithStore, openExecutionFiles } from "./execution-files.ts";
import type { Executions } from "./executions.ts";
import { createLinkPort } from "./link-port.ts";
import { createLinkServer } from "./link-server.ts";
import type { RegistryEvent } from "./registered-slave.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";
import { createRoster } from "./roster.ts";
import { createSteering } from "./steering.ts";

export interface MasterOptions {
  readonly store: Store;
  /** `memory`: its executions end with this process, and are stopped before it goes. */
  readonly storeKind: "memory" | "sqlite";
  /** Where the files of executions are kept. */
  readonly dataDir: string;
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
  readonly engineVersion: string;
  readonly masterId: string;
  /** What the operator should know. */
  readonly warnings: readonly string[];
  /** Who may speak to it; default: everybody who is near. */
  readonly access?: AccessSettings;
  createId(): string;
  /** Told the secrets of each submit, so that nothing this process says of its own faults shows them. */
  noteSecrets(secrets: Readonly<Record<string, string>>): void;
}

/** A master that serves. */
export interface RunningMaster {
  readonly url: string;
  readonly warnings: readonly string[];
  readonly executions: Executions;
  /** New keys, address lists, authorities and a new certificate. Throws EngineError `invalid_config`; nothing has changed then. */
  renew(settings: AccessSettings): void;
  /** For a slave inside the same process. */
  readonly port: LinkPort;
  /** Where a file of an execution is, for that slave. */
  locateInput(executionId: string, hash: string): string;
  /** Within 10 s; the store is closed too. Idempotent. */
  close(): Promise<void>;
}

/** How long executions of a store that forgets have to end, ms. */
const stopMs = 7_000;
const retainEveryMs = 600_000;

/**
 * Takes up what its store has not seen the end of, then serves. Throws EngineError `start_failed` where it cannot listen;
 * the store is closed then.
 */
export async function startMaster(options: MasterOptions): Promise<RunningMaster> {
  const { configuration, clock, log, engineVersion, createId } = options;
  const files = openExecutionFiles(options.dataDir);
  const store = forgetWithStore(options.store, files);
  const { maxExecutions, maxSlaves } = configuration.master;
  const { heartbeatTimeoutMs: timeoutMs, heartbeatIntervalMs: intervalMs } = configuration.master;
  const backUp = createBackUp(store, options.dataDir);
  const ledger = createRoomLedger();
  const archive = createArchive(store);
  let retaining: Promise<unknown> = Promise.resolve();
  let alarm: Alarm | null = null;

  const registry = createRegistry({
    clock,
    ledger,
    masterId: options.masterId,
    timeoutMs,
    intervalMs,
    maxSlaves,
    createTicket: () => randomBytes(32).toString("base64url"),
    onEvent: (event: RegistryEvent) => {
      log("info", `slave ${event.id} ${event.type}`, { slave: event.id });
      steering.noteSlave(event);
      roster.note(event.id);
    },
  });
  const roster = createRoster({ store, registry, clock, log, maxSlaves });
  const steering = createSteering({
    store,
    files,
    outputTargets: configuration.master.outputs,
    registry,
    ledger,
    clock,
    log,
    limits: { maxExecutions, queueSize: configuration.master.taskQueueSize, timeoutMs, intervalMs },
    engineVersion,
    createId,
  });
  const retain = () => {
    alarm = clock.at(clock.now() + retainEveryMs, retain);
    retaining = archive.retain(clock.wall(), configuration.master.retention).catch((error: unknown) => {
      log("error", `old executions were not forgotten: ${error instanceof Error ? error.message : String(error)}`);
    });
  };

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    alarm?.cancel();
    if (options.storeKind === "memory") await stopAll(executions, clock, log);
    await steering.close();
    await links.close();
    await server.close();
    await retaining;
    await roster.close();
    await store.close();
  };
  const executions = createExecutions({
    files,
    steering,
    archive,
    store,
    registry,
    createId,
    noteSecrets: (secrets) => options.noteSecrets(secrets),
    close: () => (closed ??= close()),
  });
  const port = createLinkPort(registry, steering);
  const links = createLinkServer({
    port,
    clock,
    log,
    renewMs: computeLeaseTimes(timeoutMs, intervalMs).renewMs,
    // Those that have not said hello yet, and the refused that come again.
    maxLinks: maxSlaves * 2 + 100,
  });
  const server = createServer({
    card: {
      id: options.masterId,
      version: engineVersion,
      store: options.storeKind,
      maxExecutions,
      warnings: options.warnings,
    },
    store,
    files,
    backUp,
    createId,
    executions,
    registry,
    clock,
    log,
    server: configuration.server,
    access: options.access,
    acceptLink: (request, socket, head) => links.accept(request, socket, head),
  });
  try {
    await roster.restore();
    const url = await server.listen();
    await steering.takeUp();
    retain();
    return {
      url,
      warnings: [...options.warnings, ...server.warnings],
      executions,
      port,
      locateInput: files.locate,
      renew: (settings) => server.renew(settings),
      close: () => executions.close(),
    };
  } catch (error) {
    await executions.close();
    throw error;
  }
}

/** Ends all executions, as their reports tell; after a while without those that do not end. */
async function stopAll(executions: Executions, clock: Clock, log: Log): Promise<void> {
  const until = clock.now() + stopMs;
  const request = { graceMs: 1_000, force: false, reason: "stopped_by_signal" } as const;
  for (const status of ["pending", "running", "paused"] as const) {
    const { executions: active } = await executions.list({ status, limit: 500, offset: 0 });
    for (const { id } of active) {
      executions.stop(id, request).catch((error: unknown) => {
        log("warn", `it was not stopped: ${error instanceof Error ? error.message : String(error)}`, { execution: id });
      });
    }
  }
  while (clock.now() < until) {
    const { active, pending } = executions.count();
    if (active + pending === 0) return;
    await new Promise<void>((resolve) => {
      clock.at(clock.now() + 50, resolve);
    });
  }
  log("warn", "executions that had not ended end with this process");
}
