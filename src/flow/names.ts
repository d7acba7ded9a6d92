import { EngineError } from "../errors.ts";
import { compileJsonTemplate } from "../expression/json-template.ts";
import type { Language } from "../expression/language.ts";
import type { Names } from "../expression/names.ts";
import { readMember } from "../expression/read-member.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Inputs } from "../protocol/message.ts";
import type { Readable } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";
import type { FlowVu } from "./flow-vu.ts";

type Get = (vu: FlowVu) => unknown;

/** Where the names of one phase (a scenario, the setup) get their values. */
export interface NameSources {
  readonly inputs: Inputs;
  readonly slaveId: string;
  /** The workflow's and the scenario's, merged. */
  readonly variables: JsonObject;
  /** Every name that a step of the workflow sets. */
  readonly assigned: Pick<ReadonlySet<string>, "has">;
  /** Step id -> place in `FlowVu.results`, for every step whose result something reads. */
  readonly slots: ReadonlyMap<string, number>;
  /** What the setup set, filled before the first iteration; its steps' results stand under `steps`. */
  readonly shared: ReadonlyMap<string, Json>;
  /** `data`. */
  readonly data: Get;
}

/** The names of one phase, and how many templated variables it keeps per VU. */
export interface PhaseNames extends Names<FlowVu> {
  countDefaults(): number;
  /** Reads a variable; neither a name of the language nor a step's result. */
  variable(name: string): Get;
  /** The names of all variables that may have a value. */
  variableNames(vu: FlowVu): Iterable<string>;
}

/**
 * A root name is one of the language's own (`env secret slave vu iteration response steps loop data`), else the first of: what the
 * iteration set, what lives as long as the VU, what the setup set, the scenario's and the workflow's `variables`, the
 * result of the step with this id. A variable with templates is evaluated at its first use in an iteration and keeps
 * that value until the iteration ends.
 */
export function createNames(sources: NameSources, language: Language): PhaseNames {
  const own = createOwnNames(sources);
  const defaults = new Map<string, Get>();
  const underway: string[] = [];
  let defaultCount = 0;

  const names: PhaseNames = {
    countDefaults: () => defaultCount,
    variable: (name) => makeLookup(name, sources.shared, resolveDefault(name)),
    variableNames: (vu) =>
      new Set([
        ...Object.keys(sources.variables),
        ...sources.shared.keys(),
        ...vu.vuVariables.keys(),
        ...vu.variables.keys(),
      ]),
    resolve: (name) => {
      const reserved = own.get(name);
      if (reserved !== undefined) return reserved;
      const fallback = resolveDefault(name) ?? resolveResult(name, sources);
      return sources.assigned.has(name) ? makeLookup(name, sources.shared, fallback) : fallback;
    },
  };
  return names;

  function resolveDefault(name: string): Get | undefined {
    if (!Object.hasOwn(sources.variables, name)) return undefined;
    const known = defaults.get(name);
    if (known !== undefined) return known;
    if (underway.includes(name)) throw circleError([...underway.slice(underway.indexOf(name)), name]);
    underway.push(name);
    const { constant, evaluate } = compileJsonTemplate(sources.variables[name] ?? null, names, language);
    underway.pop();
    const get = constant === undefined ? makeDefault(defaultCount++, evaluate) : () => constant;
    defaults.set(name, get);
    return get;
  }
}

function createOwnNames({ inputs, slaveId, slots, shared, data }: NameSources): ReadonlyMap<string, Get> {
  const slave = { id: slaveId };
  return new Map<string, Get>([
    ["env", () => inputs.env],
    ["secret", () => inputs.secrets],
    ["slave", () => slave],
    ["vu", (vu) => vu],
    ["iteration", (vu) => vu.iteration],
    ["response", (vu) => vu.response],
    ["loop", (vu) => vu.loop],
    ["data", data],
    ["steps", (vu) => readSteps(vu, slots, shared)],
  ]);
}

/** `steps["api-call"]`, for ids that are no names. */
function readSteps(vu: FlowVu, slots: NameSources["slots"], shared: NameSources["shared"]): Readable {
  return {
    [read]: (id) => {
      const slot = slots.get(id);
      return (slot === undefined ? undefined : vu.results[slot]) ?? readMember(shared.get("steps"), id);
    },
  };
}

function resolveResult(name: string, { slots, shared }: NameSources): Get | undefined {
  const slot = slots.get(name);
  return slot === undefined ? undefined : (vu) => vu.results[slot] ?? readMember(shared.get("steps"), name);
}

function makeLookup(name: string, shared: ReadonlyMap<string, Json>, fallback: Get | undefined): Get {
  return (vu) => {
    const ofIteration = vu.variables.get(name);
    if (ofIteration !== undefined) return ofIteration;
    const ofVu = vu.vuVariables.get(name);
    if (ofVu !== undefined) return ofVu;
    const ofSetup = shared.get(name);
    return ofSetup === undefined && fallback !== undefined ? fallback(vu) : ofSetup;
  };
}

function makeDefault(place: number, evaluate: Get): Get {
  return (vu) => {
    const known = vu.defaults[place];
    if (known !== undefined) return known;
    const value = evaluate(vu);
    vu.defaults[place] = value;
    return value;
  };
}

function circleError(circle: readonly string[]): EngineError {
  return new EngineError(
    "template",
    `variables refer to each other in a circle: ${circle.join(" -> ")}; give one of them a value of its own`,
  );
}
