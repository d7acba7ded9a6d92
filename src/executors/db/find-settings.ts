import { readFileSync } from "node:fs";
import { EngineError } from "../../errors.ts";
import type { Evaluate, ExecutorContext, StepContext } from "../../protocol/step.ts";
import {
  completeSettings,
  type ConnectionSettings,
  memoryPath,
  parseDsn,
  readConnection,
} from "./connection-settings.ts";
import type { DbConfig, DbDriverName } from "./db-config.ts";

/** Where a step goes: known at once, but for a dsn that is a template. */
export interface StepSettings {
  readonly driver: DbDriverName;
  /** Throws EngineError `template` for a dsn that cannot be read. */
  readonly evaluate: Evaluate<ConnectionSettings>;
}

type Known = Pick<ExecutorContext, "connections" | "workflow" | "opensFiles">;

/** The most different texts of one template that are kept read. */
const maxKept = 64;

/**
 * Throws EngineError `invalid_workflow` for a connection that nobody knows or that says something impossible, and for a
 * file that this node does not open for a workflow.
 */
export function findSettings(
  config: DbConfig,
  known: Known,
  { template, constant }: Pick<StepContext, "template" | "constant">,
  stepId: string,
): StepSettings {
  const { connections, workflow, opensFiles } = known;
  const { dsn, connection, driver } = config;
  if (dsn !== null && driver !== null) return ofDsn(dsn, driver);
  const name = connection ?? findNamed();
  if (name === undefined) {
    return constantly(completeSettings(driver ?? "mysql", {}));
  }
  const fields = Object.hasOwn(connections, name) ? connections[name] : undefined;
  if (fields === undefined) {
    const names = Object.keys(connections).toSorted().join(", ");
    throw new EngineError(
      "invalid_workflow",
      `step \`${stepId}\`: there is no connection \`${name}\`; ${names === "" ? "none is known here" : `there are ${names}`}`,
    );
  }
  const isOwn = !Object.hasOwn(workflow.connections, name);
  const mayOpen = isOwn || opensFiles;
  const readFile = mayOpen ? (path: string) => readFileSync(path, "utf8") : null;
  const settings = readConnection(name, fields, readFile, config.tls);
  if (driver !== null && settings.driver !== driver) {
    throw new EngineError(
      "invalid_workflow",
      `step \`${stepId}\`: the connection \`${name}\` is one of ${settings.driver}, not of ${driver}`,
    );
  }
  checkKind(settings.driver);
  const refusal = refuseFile(settings, mayOpen);
  if (refusal !== null) throw new EngineError("invalid_workflow", `step \`${stepId}\`: ${refusal}`);
  return constantly(settings);

  /** The connection that is called like the driver. */
  function findNamed(): string | undefined {
    const names = driver === null ? [] : driver === "mysql" ? ["mysql", "mariadb"] : [driver];
    return names.find((candidate) => Object.hasOwn(connections, candidate));
  }

  function checkKind(kind: DbDriverName): void {
    if ((kind === "redis") === (config.query === null) || config.action === "begin") return;
    if (config.query === null && config.command === null) return;
    const wanted = kind === "redis" ? "takes a `command`" : "takes a `query`";
    throw new EngineError("invalid_workflow", `step \`${stepId}\`: ${kind} ${wanted}`);
  }

  function ofDsn(text: string, kind: DbDriverName): StepSettings {
    const fixed = constant(text);
    const kept = new Map<string, ConnectionSettings>();
    const read = (given: string, code: "invalid_workflow" | "template"): ConnectionSettings => {
      const found = kept.get(given);
      if (found !== undefined) return found;
      const refuse = (message: string): never => {
        throw new EngineError(code, `step \`${stepId}\`: ${message}`);
      };
      const parsed = parseDsn(kind, given, config.tls, refuse);
      if (config.secure === true) parsed.tls = config.tls;
      const settings = completeSettings(kind, { ...parsed, poolMax: config.poolMax });
      const why = refuseFile(settings, opensFiles);
      if (why !== null) refuse(why);
      if (kept.size >= maxKept) kept.delete(kept.keys().next().value ?? "");
      kept.set(given, settings);
      return settings;
    };
    if (fixed !== undefined) return constantly(read(fixed, "invalid_workflow"));
    const fill = template(text);
    return { driver: kind, evaluate: (vu) => read(String(fill(vu)), "template") };
  }
}

function constantly(settings: ConnectionSettings): StepSettings {
  return { driver: settings.driver, evaluate: () => settings };
}

/** null: it may be opened. */
function refuseFile({ driver, path }: ConnectionSettings, mayOpen: boolean): string | null {
  if (driver !== "sqlite" || path === memoryPath || mayOpen) return null;
  return "a node opens no file that a submitted workflow names; name one of the slave's own `connections`, or use :memory:";
}
