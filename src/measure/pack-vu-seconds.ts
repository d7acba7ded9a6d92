import type { VuSecond, VuSeconds } from "./vu-seconds.ts";

/** The seconds as plain data. */
export interface PackedVuSeconds extends Omit<VuSeconds, "open"> {
  /** second, active, allocated, over and live of each open one. */
  readonly open: Float64Array;
}

const width = 5;

/** A copy that shares nothing with the seconds. */
export function packVuSeconds({ open, ...plain }: VuSeconds): PackedVuSeconds {
  const numbers = new Float64Array(open.length * width);
  open.forEach(({ second, active, allocated, over, live }, at) =>
    numbers.set([second, active, allocated, over, live], at * width),
  );
  return { ...structuredClone(plain), open: numbers };
}

/** The seconds as they were. */
export function unpackVuSeconds({ open, ...plain }: PackedVuSeconds): VuSeconds {
  const seconds = Array.from({ length: open.length / width }, (_, at): VuSecond => {
    const [second = 0, active = 0, allocated = 0, over = 0, live = 0] = open.subarray(at * width, (at + 1) * width);
    return { second, active, allocated, over, live };
  });
  return { ...structuredClone(plain), open: seconds };
}
