/** Faults at random for a while, with the queue in Postgres. */
import { mixAtRandom } from "./mix-at-random.ts";

mixAtRandom("postgres");
