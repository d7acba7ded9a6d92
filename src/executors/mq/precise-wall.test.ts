import fc from "fast-check";
import { expect, test } from "vitest";
import { createPreciseWall } from "./precise-wall.ts";

test("fractions of the epoch's milliseconds, never ahead and soon right, also after the clock was set", () => {
  const gaps = fc.array(fc.double({ min: 0.01, max: 7, noNaN: true }), { minLength: 400, maxLength: 400 });
  fc.assert(
    fc.property(gaps, fc.double({ min: -5_000, max: 5_000, noNaN: true }), (steps, jump) => {
      let elapsed = 0;
      let epoch = 1_700_000_000_000.25;
      const wall = createPreciseWall({ now: () => elapsed, wall: () => Math.floor(epoch + elapsed) });
      for (const [place, step] of steps.entries()) {
        elapsed += step;
        if (place === 200) epoch += jump;
        const error = wall() - (epoch + elapsed);
        expect(error).toBeLessThan(2.01);
        expect(error).toBeGreaterThan(-1.01);
      }
    }),
  );
});
