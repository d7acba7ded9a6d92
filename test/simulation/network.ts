import type { Dice } from "./random.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** How bad the network of a simulation is. */
export interface Weather {
  readonly lossRate: number;
  readonly copyRate: number;
  readonly longestDelayMs: number;
  /** How much later a second copy may come. */
  readonly longestEchoMs: number;
}

/** Messages arrive late, in another order, twice or never. */
export interface Network {
  readonly weather: Weather;
  transmit(slaveId: string, arrive: () => void): void;
  /** Nothing comes through to or from this slave for so long. */
  cutOff(slaveId: string, forMs: number): void;
}

export function createNetwork(time: SimulatedTime, { random, chance }: Dice): Network {
  const weather = {
    lossRate: chance(0.5) ? 0 : random() * 0.2,
    copyRate: chance(0.4) ? 0 : random() * 0.5,
    longestDelayMs: chance(0.8) ? 40 : 400,
    longestEchoMs: chance(0.5) ? 0 : 8_000,
  };
  const cut = new Map<string, number>();
  return {
    weather,
    transmit(slaveId, arrive) {
      if ((cut.get(slaveId) ?? 0) > time.now || chance(weather.lossRate)) return;
      const delayMs = () => 1 + random() * weather.longestDelayMs;
      time.after(delayMs(), arrive);
      if (chance(weather.copyRate)) time.after(delayMs() + random() * weather.longestEchoMs, arrive);
    },
    cutOff(slaveId, forMs) {
      cut.set(slaveId, time.now + forMs);
    },
  };
}
