/**
 * By which names an app lets itself be called. Any page may have its own host name point at this machine, and is then of the same origin
 * as what answers here: a browser lets it read and change everything. So what only this machine may reach answers only to names that
 * nobody else can own.
 */
import { BlockList, isIP } from "node:net";

/** Host names, lower-case, IPv6 addresses in brackets. */
export type KnownHosts = ReadonlySet<string>;

const OF_THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"] as const;

const AUTHORITY = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/**
 * Decide which hosts are answered by what listens on an address.
 * @param allowed names beside those of this machine.
 * @returns undefined when any host is: where others may connect, and nobody named any.
 */
export function decideKnownHosts(address: string, allowed: readonly string[]): KnownHosts | undefined {
  const isLoopback = isIP(address) !== 0 && loopback.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return isLoopback || allowed.length > 0 ? new Set([...OF_THIS_MACHINE, ...allowed]) : undefined;
}

/** The host of an authority (`host`, `host:port`) as `KnownHosts` has it; undefined when it is none. */
export function hostNameOf(authority: string): string | undefined {
  return AUTHORITY.exec(authority.toLowerCase())?.[1]?.replace(/\.$/, "");
}

/**
 * Tell whether an authority is one of the known hosts, or the very address that was connected to: a page there was served from here.
 * @param localAddress of the connection.
 */
export function isKnownHost(hosts: KnownHosts, authority: string, localAddress: string | undefined): boolean {
  const name = hostNameOf(authority);
  if (name === undefined) return false;
  const address = localAddress?.replace(/^::ffff:/, "");
  return hosts.has(name) || (address !== undefined && (name === address || name === `[${address}]`));
}
