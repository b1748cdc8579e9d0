/** A network that garbles nothing, but refuses, delays, cuts off and falls silent. */
import type { TcpProxy } from "../../support/tcp-proxy.ts";
import type { Random } from "../rig/random.ts";
import type { Links } from "../rig/links.ts";
import type { EndFault, Fault } from "./fault.ts";

/** Where the network can be disturbed. */
export const places = ["clients", "ingestQueue", "workerStore", "workerQueue"] as const;

/** One of them. */
export type Place = (typeof places)[number];

const CUT_EVERY_MS = 400;
const DELAYS_MS = [20, 100, 400] as const;

/** How a link can be disturbed. */
export const disturbances = {
  /** Connections are refused, and those that are open are reset. */
  "refuses connections": async (link: TcpProxy): Promise<EndFault> => {
    await link.stop();
    return () => link.resume();
  },
  /** Everything arrives late. */
  "is slow": async (link: TcpProxy, random: Random): Promise<EndFault> => {
    link.delay(random.pick(DELAYS_MS));
    return async () => link.delay(0);
  },
  /** Nothing arrives, and nobody says so. */
  "is silent": async (link: TcpProxy): Promise<EndFault> => {
    link.hang();
    return () => link.resume();
  },
  /** Connections are reset again and again, in the middle of what they carry. */
  "cuts messages in half": async (link: TcpProxy): Promise<EndFault> => {
    const timer = setInterval(() => link.truncate(), CUT_EVERY_MS);
    link.truncate();
    return async () => clearInterval(timer);
  },
} as const;

/** One of them. */
export type Disturbance = keyof typeof disturbances;

/** Disturb one place in one way. */
export function disturbNetwork(way: Disturbance, place: Place): Fault {
  return {
    name: `the network at ${place} ${way}`,
    begin: ({ links }, random) => disturbances[way](chooseLink(links, place, random), random),
  };
}

function chooseLink(links: Links, place: Place, random: Random): TcpProxy {
  return place === "clients" ? random.pick(links.clients) : links[place];
}
