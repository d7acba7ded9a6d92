import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

test("a queue gives back what came, whatever the pieces", () => {
  const piece = fc.uint8Array({ maxLength: 700 });
  const act = fc.oneof(
    fc.record({ append: piece }),
    fc.record({ take: fc.nat(900) }),
    fc.record({ find: fc.uint8Array({ minLength: 1, maxLength: 3 }), from: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const queue = new ByteQueue();
      let model = Buffer.alloc(0);
      for (const one of acts) {
        if ("append" in one) {
          queue.append(one.append);
          model = Buffer.concat([model, one.append]);
        } else if ("take" in one) {
          const expected = model.subarray(0, one.take);
          expect(queue.take(one.take).equals(expected)).toBe(true);
          model = model.subarray(expected.length);
        } else {
          const pattern = Buffer.from(one.find);
          expect(queue.indexOf(pattern, one.from)).toBe(model.indexOf(pattern, one.from));
        }
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});
