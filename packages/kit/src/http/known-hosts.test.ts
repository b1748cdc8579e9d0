import { describe, expect, it } from "vitest";
import { decideKnownHosts, hostNameOf, isKnownHost } from "./known-hosts.ts";

describe("the hosts that are answered", () => {
  it.each(["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"])(
    "are those of this machine and those that are named, on %s",
    (address) => {
      expect([...(decideKnownHosts(address, ["turnpike.example"]) ?? [])]).toEqual([
        "localhost",
        "127.0.0.1",
        "[::1]",
        "turnpike.example",
      ]);
      expect(decideKnownHosts(address, [])?.size).toBe(3);
    },
  );

  it.each(["0.0.0.0", "::", "192.0.2.7", "2001:db8::1"])(
    "are all on %s, unless some are named",
    (address) => {
      expect(decideKnownHosts(address, [])).toBeUndefined();
      expect(decideKnownHosts(address, ["turnpike.example"])?.has("turnpike.example")).toBe(true);
    },
  );

  const hosts = decideKnownHosts("127.0.0.1", ["turnpike.example"]) ?? new Set<string>();

  it.each([
    "localhost",
    "localhost:8787",
    "LOCALHOST:1",
    "localhost.",
    "localhost.:8787",
    "127.0.0.1:8788",
    "[::1]",
    "[::1]:8788",
    "Turnpike.Example:443",
  ])("include %s", (authority) => {
    expect(isKnownHost(hosts, authority, "192.0.2.7")).toBe(true);
  });

  it.each([
    "",
    "evil.example",
    "localhost.evil.example",
    "evil.example:8787",
    "xlocalhost",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost:8787@evil.example",
    "localhost:80:80",
    "localhost..",
    "localhost, evil.example",
    "localhost evil.example",
    "localhost/evil.example",
    "evil.example#localhost",
    "[::1",
    "::1",
    "127.0.0.1.evil.example",
    "2130706433",
    "192.0.2.8",
  ])("do not include %j", (authority) => {
    expect(isKnownHost(hosts, authority, "192.0.2.7")).toBe(false);
  });

  it("include the very address that was connected to, whatever form it has", () => {
    expect(isKnownHost(hosts, "192.0.2.7:8787", "192.0.2.7")).toBe(true);
    expect(isKnownHost(hosts, "192.0.2.7:8787", "::ffff:192.0.2.7")).toBe(true);
    expect(isKnownHost(hosts, "[2001:db8::1]:8787", "2001:db8::1")).toBe(true);
    expect(isKnownHost(hosts, "192.0.2.7", undefined)).toBe(false);
  });

  it("are named without ports", () => {
    expect(hostNameOf("a.example:80")).toBe("a.example");
    expect(hostNameOf("http://a.example")).toBeUndefined();
  });
});
