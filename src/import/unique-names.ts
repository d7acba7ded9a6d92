/**
 * Makes names that differ from each other and from those in `taken`, which it adds to: `a`, `a_2`, `a_3` …
 * The number stands before `ending`. A name costs the same however often it was asked for before.
 */
export function createUniqueNames(taken: Set<string>): (name: string, ending?: string) => string {
  /** The next number to try for a name that is taken. */
  const next = new Map<string, number>();
  return (name, ending = "") => {
    const whole = name + ending;
    let made = whole;
    if (taken.has(whole)) {
      let count = next.get(whole) ?? 2;
      while (taken.has(`${name}_${count}${ending}`)) count += 1;
      made = `${name}_${count}${ending}`;
      next.set(whole, count + 1);
    }
    taken.add(made);
    return made;
  };
}
