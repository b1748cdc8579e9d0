/** Faults at random for a while, with the queue on Redis. */
import { mixAtRandom } from "./mix-at-random.ts";

mixAtRandom("redis");
