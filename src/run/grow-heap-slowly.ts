import { setFlagsFromString } from "node:v8";

/** Below this the heap is small whatever its growth. */
const manyVus = 1_000;

/**
 * Lets the old generation of all threads grow by half of what lives between two collections, where V8 lets it grow up to
 * four times: what a VU keeps through its think time is old when it dies, and would fill the memory between. A collection
 * takes a helper thread some 30 ms; small loads, where it would weigh more than the memory, are left as they are.
 */
export function growHeapSlowly(vus: number): void {
  if (vus >= manyVus) setFlagsFromString("--heap-growing-percent=50");
}
