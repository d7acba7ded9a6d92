import { EngineError } from "../errors.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Executor } from "../protocol/step.ts";
import type { Step } from "../protocol/workflow.ts";
import type { ExecutorFactory } from "../step-executors.ts";
import { stepExecutors } from "../step-executors.ts";
import { closeResources, compileBegin } from "./begin.ts";
import { compileScenario } from "./compile-scenario.ts";
import { compileSteps } from "./compile-steps.ts";
import type { CompiledWorkflow, FlowContext } from "./compiled.ts";
import { loadLanguages } from "./extract/languages.ts";
import { listPerIteration } from "./data-names.ts";
import { createDraws } from "./draws.ts";
import { loadFake } from "./load-fake.ts";
import { fillConnections } from "./fill-connections.ts";
import { FlowVu } from "./flow-vu.ts";
import type { Surroundings } from "./phase.ts";
import { createPhase } from "./phase.ts";
import type { StepCompilers } from "./place.ts";
import { findReferences, listPhases, listSteps } from "./references.ts";
import { collectShared, freezeDeep, runOnce } from "./setup.ts";
import { stepCompilers } from "./step-compilers.ts";
import { createTurn } from "./turn.ts";

/** How long loops that never wait may keep the others of their thread waiting, ms. A request takes some turns. */
const sliceMs = 1;

/** The step types: those that executors perform and those that flow performs itself. */
export interface StepTables {
  readonly executors: Readonly<Record<string, () => Promise<ExecutorFactory>>>;
  readonly compilers: StepCompilers;
}

const allTables: StepTables = { executors: stepExecutors, compilers: stepCompilers };

/**
 * Loads the executors that the workflow uses and compiles every step, once per thread. Throws EngineError for what
 * cannot be compiled; nothing is left open then.
 */
export async function compileWorkflow(context: FlowContext, tables: StepTables = allTables): Promise<CompiledWorkflow> {
  const { workflow } = context;
  const steps = listPhases(workflow).flatMap((phase) => listSteps(phase, tables.compilers));
  const executors = new Map<string, Executor>();
  try {
    const references = findReferences(workflow, tables.compilers);
    await createExecutors(executors, context, fillConnections(context, references), steps, tables);
    const draws = workflow.seed === null ? null : createDraws(workflow.seed);
    const compiled = compileAll(context, executors, {
      draws,
      fake: await loadFake(workflow, draws?.random ?? context.random),
      recorder: context.recorder,
      clock: context.clock,
      random: context.random,
      turn: createTurn(context.clock, sliceMs),
      executors,
      compilers: tables.compilers,
      references,
      meet: null,
      trace: context.trace ?? null,
      languages: await loadLanguages(steps.flatMap((step) => [...step.extract, ...step.assert, ...step.checks])),
    });
    for (const executor of executors.values()) await executor.prepare?.();
    return compiled;
  } catch (error) {
    await closeExecutors(executors);
    throw error;
  }
}

function compileAll(
  context: FlowContext,
  executors: ReadonlyMap<string, Executor>,
  surroundings: Surroundings,
): CompiledWorkflow {
  const { workflow } = context;
  const sharedValues = new Map<string, Json>();
  const scenarios = workflow.scenarios.map((scenario) => {
    const variables = { ...workflow.variables, ...scenario.variables };
    const tags = { ...workflow.tags, ...scenario.tags, scenario: scenario.name };
    const meet = (step: string, count: number | null) =>
      // Looked on at its work, a VU is alone.
      context.meetings.open(scenario.name, step, context.trace === undefined ? count : 1);
    const own = { ...surroundings, meet };
    return compileScenario(scenario, createPhase(context, own, sharedValues, variables, tags, ""), workflow);
  });
  const setupPhase = createPhase(context, surroundings, sharedValues, workflow.variables, workflow.tags, "::setup");
  const teardownPhase = createPhase(
    context,
    surroundings,
    sharedValues,
    workflow.variables,
    workflow.tags,
    "::teardown",
  );
  const setup = compileSteps(workflow.setup, setupPhase.place);
  const teardown = compileSteps(workflow.teardown, teardownPhase.place);
  const forget = compileBegin(surroundings.references, [], listPerIteration(workflow.feeders));

  return {
    scenarios,
    createSharedVu: (signal) => {
      const defaults = Math.max(setupPhase.sizes().defaults, teardownPhase.sizes().defaults);
      return FlowVu.create(0, signal, { ...setupPhase.sizes(), defaults });
    },
    setup: async (user) => {
      const vu = user as FlowVu;
      try {
        await runOnce(setup, vu, "setup_failed", context.masker);
        const steps = listSteps(workflow.setup, surroundings.compilers);
        return collectShared(vu, steps, surroundings.references);
      } finally {
        closeResources(vu);
      }
    },
    share: (values) => {
      for (const [name, value] of Object.entries(values)) {
        freezeDeep(value);
        sharedValues.set(name, value);
      }
    },
    teardown: async (user) => {
      const vu = user as FlowVu;
      forget(vu);
      try {
        await runOnce(teardown, vu, "teardown_failed", context.masker);
      } finally {
        closeResources(vu);
      }
    },
    close: () => closeExecutors(executors),
  };
}

/** One per type in use, at the place in `VirtualUser.resources` in which it was met. */
async function createExecutors(
  executors: Map<string, Executor>,
  context: FlowContext,
  connections: Readonly<Record<string, JsonObject>>,
  steps: readonly Step[],
  tables: StepTables,
): Promise<void> {
  const { workflow, inputs, clock, random, log, permit, files, opensFiles, threads } = context;
  const ownerOffsetMs = context.ownerOffsetMs ?? (() => 0);
  const trace = context.trace ?? null;
  const node = {
    workflow,
    inputs,
    clock,
    random,
    log,
    permit,
    ownerOffsetMs,
    files,
    connections,
    opensFiles,
    threads,
    trace,
  };
  const shared = new Map<symbol, unknown>();
  for (const type of new Set(steps.map((step) => step.type))) {
    const load = Object.hasOwn(tables.executors, type) ? tables.executors[type] : undefined;
    if (load !== undefined) {
      const create = await load();
      const slot = executors.size;
      executors.set(type, create({ ...node, slot, shared }, context.recorder));
    } else if (!Object.hasOwn(tables.compilers, type)) {
      const known = [...Object.keys(tables.executors), ...Object.keys(tables.compilers)].toSorted().join(", ");
      throw new EngineError("unsupported", `the step type \`${type}\` is not in this version; there are ${known}`);
    }
  }
}

async function closeExecutors(executors: ReadonlyMap<string, Executor>): Promise<void> {
  await Promise.all([...executors.values()].map((executor) => executor.close()));
}
