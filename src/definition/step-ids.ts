/** The ids of all steps of a workflow and of the files that it calls: unique, whoever gives them. */
export interface StepIds {
  readonly all: ReadonlySet<string>;
  /** Takes an id that a step gives itself; `place` says where for people. Gives the place of the step that has it, null: none had. */
  take(id: string, place: string): string | null;
  /** A new id for a step that gives itself none: `<type>_<n>`. */
  make(type: string, place: string): string;
  /** Keeps ids that a document will give away from those that are made. */
  reserve(ids: Iterable<string>): void;
}

export function createStepIds(): StepIds {
  const places = new Map<string, string>();
  const counts = new Map<string, number>();
  const reserved = new Set<string>();
  return {
    get all() {
      return new Set(places.keys());
    },
    take(id, place) {
      const first = places.get(id);
      if (first === undefined) places.set(id, place);
      return first ?? null;
    },
    make(type, place) {
      let count = counts.get(type) ?? 0;
      let id: string;
      do id = `${type}_${++count}`;
      while (reserved.has(id) || places.has(id));
      counts.set(type, count);
      places.set(id, place);
      return id;
    },
    reserve(ids) {
      for (const id of ids) reserved.add(id);
    },
  };
}
