import { expect, it } from "vitest";
import { loadAppConfigs } from "./app-configs.ts";

const addresses = { host: "127.0.0.1", ingestPort: 0, timelinePort: 0 };
const hostsOf = (env: Record<string, string>, allowedHosts?: string) => {
  const option = allowedHosts === undefined ? {} : { allowedHosts };
  const { ingest, worker, timeline } = loadAppConfigs(env, { ...addresses, ...option });
  return [ingest, worker, timeline].map((config) => config.ALLOWED_HOSTS);
};

it("names the hosts of all apps by the command's option, else by the environment", () => {
  const env = { ALLOWED_HOSTS: "a.example" };
  expect(hostsOf({})).toEqual([[], [], []]);
  expect(hostsOf(env)).toEqual([["a.example"], ["a.example"], ["a.example"]]);
  expect(hostsOf(env, "b.example")).toEqual([["b.example"], ["b.example"], ["b.example"]]);
});
