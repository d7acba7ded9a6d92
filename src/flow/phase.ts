import type { Json, JsonObject } from "../protocol/json.ts";
import type { Feeds } from "../data/feeds.ts";
import type { Feeder, Step } from "../protocol/workflow.ts";
import type { Tags } from "../measure/recorder.ts";
import type { Draws } from "./draws.ts";
import type { Fake } from "./load-fake.ts";
import type { FlowContext } from "./compiled.ts";
import { createDataName } from "./data-names.ts";
import type { VuSizes } from "./flow-vu.ts";
import { createNames } from "./names.ts";
import type { Place } from "./place.ts";
import { createTexts } from "./texts.ts";

/** Everything about a workflow but the names and tags of one of its phases. */
export interface Surroundings extends Omit<Place, "texts" | "tags" | "group"> {
  /** null: the workflow has no seed. */
  readonly draws: Draws | null;
  readonly fake: Fake | undefined;
}

/** A part of a workflow with names and tags of its own: a scenario, or setup and teardown. */
export interface Phase {
  readonly place: Place;
  /** Where results of these steps are kept. */
  slotsOf(steps: readonly Step[]): number[];
  /** Final once everything is compiled. */
  sizes(): VuSizes;
  readonly feeders: readonly Feeder[];
  readonly feeds: Feeds;
}

/** `shared` is filled when the setup is done. */
export function createPhase(
  context: FlowContext,
  surroundings: Surroundings,
  shared: ReadonlyMap<string, Json>,
  variables: JsonObject,
  tags: Tags,
  group: string,
): Phase {
  const { slots, assigned } = surroundings.references;
  const { inputs, slaveId, clock, feeds } = context;
  const { draws, fake } = surroundings;
  const { feeders } = context.workflow;
  const random = draws?.random ?? context.random;
  const language = { random, wall: () => clock.wall(), fake };
  const data = createDataName(feeders, feeds);
  const names = createNames({ inputs, slaveId, variables, assigned, slots, shared, data }, language);
  return {
    place: { ...surroundings, texts: createTexts(names, language, draws?.enter ?? null), tags, group },
    slotsOf: (steps) => steps.map((step) => slots.get(step.id)).filter((slot) => slot !== undefined),
    sizes: () => ({
      resources: surroundings.executors.size,
      results: slots.size,
      defaults: names.countDefaults(),
      feeders: feeders.length,
    }),
    feeders,
    feeds,
  };
}
