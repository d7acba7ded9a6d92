import { listReferences } from "../expression/list-references.ts";
import { listChildren, withoutChildren } from "../protocol/child-steps.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { StepSpec } from "../protocol/step-spec.ts";
import type { Pause, Step, StepCode, Workflow } from "../protocol/workflow.ts";
import type { ResultReads } from "./extract/reads-of.ts";
import { readsOf } from "./extract/reads-of.ts";

/** What is known of each flow type. */
export type FlowTypes = Readonly<Record<string, FlowType>>;

export interface FlowType {
  readonly spec: StepSpec;
  /** Once it has passed, every step inside has run. */
  readonly runsAll: boolean;
  /** A step inside may run again. */
  readonly repeats: boolean;
}

/** What anything in a workflow reads of its steps' results. What nobody reads is not kept. */
export interface References {
  /** Parts of a step's answer that its executor has to keep. */
  readsOf(stepId: string): ResultReads;
  /** Place in `FlowVu.results` by step id, for every step that something names. */
  readonly slots: ReadonlyMap<string, number>;
  /** Does anything read `response`? */
  readonly response: boolean;
  /** Every variable that a step sets. */
  readonly assigned: Pick<ReadonlySet<string>, "has">;
}

/** A step that ran before, as seen from a text that reads `response`. `certain`: it always leaves one. */
interface Earlier {
  readonly id: string;
  readonly certain: boolean;
}

const everything: ResultReads = { body: true, headers: true };
const everyName: Pick<ReadonlySet<string>, "has"> = { has: () => true };
const nothing: ResultReads = { body: false, headers: false };

/**
 * Finds what is read of which step: by its id, through `response` (then of every step that may be the latest one there)
 * and by its own assertions and extractions. Where a text cannot tell (`steps[name]`), everything is kept.
 */
export function findReferences(workflow: Workflow, compilers: FlowTypes): References {
  const reads = new Map<string, ResultReads>();
  const named = new Set<string>();
  const assigned = new Set<string>();
  const ids = new Set<string>();
  let earlier: Earlier[] = [];
  let response = false;
  let assignsAny = false;

  for (const phase of listPhases(workflow)) {
    earlier = [];
    walk(phase, true);
  }
  const everywhere: Earlier[] = [...ids].map((id) => ({ id, certain: false }));
  for (const variables of [workflow.variables, ...workflow.scenarios.map((scenario) => scenario.variables)]) {
    note(variables, everywhere);
  }
  for (const scenario of workflow.scenarios) notePause(scenario.thinkTime, everywhere);

  const slots = new Map([...named].filter((id) => ids.has(id)).map((id, place) => [id, place]));
  return { readsOf: (id) => reads.get(id) ?? nothing, slots, response, assigned: assignsAny ? everyName : assigned };

  /** In the order in which the steps run. `certain`: whoever comes later knows that these ran. */
  function walk(steps: readonly Step[], certain: boolean): void {
    for (const step of steps) {
      if (step.disabled) noteDisabled(step);
      else walkStep(step, certain);
    }
  }

  /** Its names stay known, they only have no value: a step can be switched off without touching the others. */
  function noteDisabled(step: Step): void {
    ids.add(step.id);
    for (const { name } of step.extract) assigned.add(name);
    noteNames(step);
    for (const list of listsInside(step, compilers)) for (const inner of list) noteDisabled(inner);
  }

  function walkStep(step: Step, around: boolean): void {
    const certain = around && step.condition === null && (step.onError === "abort" || step.onError === "retry");
    const type = compilers[step.type];
    const isLeaf = type === undefined;
    const paths = type?.spec.children ?? [];
    const texts = withoutChildren(step.config, paths);
    ids.add(step.id);
    if (step.condition !== null) noteText(step.condition, "expression", earlier);
    walk(step.preHook, certain);
    if (type !== undefined) noteFlow(step, type, texts);
    for (const list of listChildren(step.config, paths)) walk(list, certain && (type?.runsAll ?? true));
    // The text of a program is no template.
    if (step.code !== undefined) noteCode(step, step.code);
    else if (isLeaf) {
      note(texts, earlier);
      earlier.push({ id: step.id, certain });
      if (step.onError === "retry") note(texts, earlier);
    }
    for (const item of [...step.extract, ...step.assert, ...step.checks]) {
      if (isLeaf) keep(step.id, readsOf(item));
      else keepResponse(readsOf(item), earlier);
      if ("operator" in item) note(item.value, earlier);
      else assigned.add(item.name);
      if ("default" in item && item.default !== undefined) note(item.default, earlier);
    }
    walk(step.postHook, certain);
    notePause(step.thinkTime, earlier);
  }

  function noteNames({ type, config, code }: Step): void {
    const spec = compilers[type]?.spec;
    for (const name of code?.sets ?? []) assigned.add(name);
    assignsAny ||= code?.sets === null;
    for (const name of [...(spec?.sets?.(config) ?? []), ...(spec?.inside?.(config).variables ?? [])])
      assigned.add(name);
  }

  function noteCode(step: Step, code: StepCode): void {
    noteNames(step);
    if (code.response) keepResponse(everything, earlier);
  }

  /** What a flow step reads and sets, before its children are looked at. */
  function noteFlow(step: Step, { spec, repeats }: FlowType, texts: JsonObject): void {
    noteNames(step);
    if (repeats || step.onError === "retry") {
      // Any step inside may be the latest when one of them runs again, or when the condition is looked at.
      const inside = listChildren(step.config, spec.children).flatMap((list) => listSteps(list, compilers));
      for (const { id, type } of inside) if (!Object.hasOwn(compilers, type)) earlier.push({ id, certain: false });
    }
    for (const { text, as } of spec.listTexts(texts)) noteText(text, as, earlier);
  }

  function note(value: Json, before: readonly Earlier[]): void {
    if (typeof value === "string") noteText(value, "template", before);
    else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) note(item, before);
  }

  function notePause(pause: Pause | null, before: readonly Earlier[]): void {
    if (pause !== null) note([pause.minMs, pause.maxMs], before);
  }

  function noteText(text: string, as: "template" | "expression", before: readonly Earlier[]): void {
    if (as === "template" && !text.includes("${")) return;
    for (const { root, path } of listReferences(text, as)) {
      if (root === "response") keepResponse(readsOfMember(path[0]), before);
      else if (root !== "steps") noteStep(root, path[0]);
      else if (path[0] !== undefined) noteStep(path[0], path[1]);
      else for (const step of listIds()) noteStep(step, undefined);
    }
  }

  function noteStep(id: string, member: string | undefined): void {
    named.add(id);
    keep(id, readsOfMember(member));
  }

  function keepResponse(wanted: ResultReads, before: readonly Earlier[]): void {
    response = true;
    for (const step of before.toReversed()) {
      keep(step.id, wanted);
      if (step.certain) return;
    }
  }

  function keep(id: string, wanted: ResultReads): void {
    const known = reads.get(id) ?? nothing;
    reads.set(id, { body: known.body || wanted.body, headers: known.headers || wanted.headers });
  }

  function listIds(): string[] {
    return listPhases(workflow).flatMap((steps) => listSteps(steps, compilers).map((step) => step.id));
  }
}

/** All steps that can run, hooks and children included, each before those inside it. */
export function listSteps(steps: readonly Step[], compilers: FlowTypes): Step[] {
  return steps
    .filter((step) => !step.disabled)
    .flatMap((step) => [step, ...listsInside(step, compilers).flatMap((list) => listSteps(list, compilers))]);
}

/** The lists of steps in and around a step, in the order in which they run. */
function listsInside(step: Step, compilers: FlowTypes): (readonly Step[])[] {
  return [step.preHook, ...listChildren(step.config, compilers[step.type]?.spec.children ?? []), step.postHook];
}

/** The lists of steps that begin without a response. */
export function listPhases(workflow: Workflow): (readonly Step[])[] {
  return [
    workflow.setup,
    ...workflow.scenarios.flatMap((scenario) => [
      scenario.vuSetup,
      [...scenario.preHook, ...scenario.steps, ...scenario.postHook],
      scenario.vuTeardown,
    ]),
    workflow.teardown,
  ];
}

function readsOfMember(member: string | undefined): ResultReads {
  if (member === undefined) return everything;
  return { body: member === "body" || member === "output", headers: member === "headers" };
}
