/** The network between the parts fails under load, in one place after the other. */
import { it } from "vitest";
import { type Disturbance, disturbances, disturbNetwork, places } from "./faults/network.ts";
import { describeRig } from "./use-rig.ts";

describeRig("the network", ["redis", "postgres"], ({ survive }) => {
  it.each(Object.keys(disturbances) as Disturbance[])("that %s, wherever it is, loses nothing", (way) =>
    survive(...places.map((place) => disturbNetwork(way, place))),
  );
});
