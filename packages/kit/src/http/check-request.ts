/** Refuses, before any route sees it, what a browser was led to send, and what a proxy may have read as another path. */
import type { IncomingMessage } from "node:http";
import { AppError } from "@turnpike/domain/errors";
import type { MiddlewareHandler } from "hono";
import type { HttpEnv } from "./http-env.ts";
import { isKnownHost } from "./known-hosts.ts";
import { authorityOfTarget, findTargetFault } from "./target-fault.ts";

const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Check target, host and origin of every request that came over a socket. */
export const checkRequest: MiddlewareHandler<HttpEnv> = (c, next) => {
  const incoming = c.env?.incoming;
  if (incoming !== undefined) {
    const target = incoming.url ?? "";
    requireTarget(target);
    requireChunkedAlone(incoming);
    const authorities = readAuthorities(incoming, target);
    requireKnownHost(authorities, c.env);
    requireSameOrigin(incoming, authorities[0] ?? "");
  }
  return next();
};

function requireTarget(target: string): void {
  const fault = findTargetFault(target);
  if (fault !== undefined) throw new AppError("invalid_query", `bad request target: ${fault}`);
}

// Node.js undoes `chunked` and leaves what else is named: the body would be read as what it is not.
function requireChunkedAlone({ headers }: IncomingMessage): void {
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.trim().toLowerCase() !== "chunked")
    throw new AppError("invalid_query", "the Transfer-Encoding may be chunked and nothing else");
}

/** What the request says that it wants to reach: the first counts (RFC 9112, 3.2.2). */
function readAuthorities(incoming: IncomingMessage, target: string): string[] {
  const { rawHeaders } = incoming;
  const hosts = rawHeaders.filter((_value, at) => at % 2 === 1 && isHost(rawHeaders[at - 1]));
  if (hosts.length > 1) throw new AppError("invalid_query", "the request has more than one Host header");
  const ofTarget = authorityOfTarget(target);
  return ofTarget === undefined ? hosts : [ofTarget, ...hosts];
}

function isHost(name: string | undefined): boolean {
  return name?.length === 4 && name.toLowerCase() === "host";
}

function requireKnownHost(
  authorities: readonly string[],
  { knownHosts, incoming }: HttpEnv["Bindings"],
): void {
  if (knownHosts === undefined) return;
  const isKnown = (authority: string): boolean =>
    isKnownHost(knownHosts, authority, incoming?.socket.localAddress);
  if (authorities.length > 0 && authorities.every(isKnown)) return;
  throw new AppError(
    "host_not_allowed",
    "this server is not known by the name in Host; names beside localhost are allowed by ALLOWED_HOSTS",
  );
}

/** Browsers name the page's origin in what changes something; other clients name none. */
function requireSameOrigin({ method, headers }: IncomingMessage, authority: string): void {
  const { origin } = headers;
  if (origin === undefined || SAFE_METHODS.has(method) || isOriginOf(origin, authority)) return;
  throw new AppError(
    "origin_not_allowed",
    "pages of another origin may not change anything here; a proxy in between has to pass on Host as it came",
  );
}

// The scheme is not compared: a proxy may have taken TLS off.
function isOriginOf(origin: string, authority: string): boolean {
  if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  const defaultPort = protocol === "https:" ? ":443" : ":80";
  return host === authority.toLowerCase().replace(new RegExp(`${defaultPort}$`), "");
}
