import { listReferences } from "../expression/list-references.ts";
import type { Json } from "../protocol/json.ts";
import type { Pause, Step, Workflow } from "../protocol/workflow.ts";
import type { ResultReads } from "./extract/reads-of.ts";
import { readsOf } from "./extract/reads-of.ts";

/** The lists of steps inside a step, in the order in which they run, by flow type. */
export type ChildLists = Readonly<Record<string, { children(step: Step): readonly (readonly Step[])[] }>>;

/** What anything in a workflow reads of its steps' results. What nobody reads is not kept. */
export interface References {
  /** Parts of a step's answer that its executor has to keep. */
  readsOf(stepId: string): ResultReads;
  /** Place in `FlowVu.results` by step id, for every step that something names. */
  readonly slots: ReadonlyMap<string, number>;
  /** Does anything read `response`? */
  readonly response: boolean;
  /** Every variable that a step sets. */
  readonly assigned: ReadonlySet<string>;
}

/** A step that ran before, as seen from a text that reads `response`. `certain`: it always leaves one. */
interface Earlier {
  readonly id: string;
  readonly certain: boolean;
}

const everything: ResultReads = { body: true, headers: true };
const nothing: ResultReads = { body: false, headers: false };

/**
 * Finds what is read of which step: by its id, through `response` (then of every step that may be the latest one there)
 * and by its own assertions and extractions. Where a text cannot tell (`steps[name]`), everything is kept.
 */
export function findReferences(workflow: Workflow, compilers: ChildLists): References {
  const reads = new Map<string, ResultReads>();
  const named = new Set<string>();
  const assigned = new Set<string>();
  const ids = new Set<string>();
  let earlier: Earlier[] = [];
  let response = false;

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
  return { readsOf: (id) => reads.get(id) ?? nothing, slots, response, assigned };

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
    for (const list of listsInside(step, compilers)) for (const inner of list) noteDisabled(inner);
  }

  function walkStep(step: Step, around: boolean): void {
    const certain = around && step.condition === null && (step.onError === "abort" || step.onError === "retry");
    const children = compilers[step.type]?.children(step);
    const texts = children === undefined ? step.config : withoutChildren(step.config, children);
    ids.add(step.id);
    if (step.condition !== null) noteText(step.condition, "expression", earlier);
    walk(step.preHook, certain);
    note(texts, earlier);
    for (const list of children ?? []) walk(list, certain);
    if (children === undefined) earlier.push({ id: step.id, certain });
    if (step.onError === "retry") note(texts, earlier);
    for (const item of [...step.extract, ...step.assert, ...step.checks]) {
      if (children === undefined) keep(step.id, readsOf(item));
      else keepResponse(readsOf(item), earlier);
      if ("operator" in item) note(item.value, earlier);
      else assigned.add(item.name);
      if ("default" in item && item.default !== undefined) note(item.default, earlier);
    }
    walk(step.postHook, certain);
    notePause(step.thinkTime, earlier);
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
export function listSteps(steps: readonly Step[], compilers: ChildLists): Step[] {
  return steps
    .filter((step) => !step.disabled)
    .flatMap((step) => [step, ...listsInside(step, compilers).flatMap((list) => listSteps(list, compilers))]);
}

/** The lists of steps in and around a step, in the order in which they run. */
function listsInside(step: Step, compilers: ChildLists): (readonly Step[])[] {
  return [step.preHook, ...(compilers[step.type]?.children(step) ?? []), step.postHook];
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

/** A container's own texts, without those of the steps in it. */
function withoutChildren(config: Step["config"], children: readonly (readonly Step[])[]): Step["config"] {
  const lists: readonly unknown[] = children;
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !lists.includes(value)));
}

function readsOfMember(member: string | undefined): ResultReads {
  if (member === undefined) return everything;
  return { body: member === "body" || member === "output", headers: member === "headers" };
}
