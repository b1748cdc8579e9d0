import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { KnownHosts } from "./known-hosts.ts";

/** What handlers find in their context. */
export interface HttpEnv {
  /** Node's own request and response; absent when the app is called without a socket. */
  Bindings: Partial<HttpBindings> & {
    /** Which hosts are answered; any when absent. */
    readonly knownHosts?: KnownHosts | undefined;
  };
  Variables: {
    requestId: string;
    /** Bytes of the body as they came over the wire; absent until `readBody` has read it. */
    receivedBytes?: number;
  };
}

/** An app made by `createHttpApp`. */
export type HttpApp = OpenAPIHono<HttpEnv>;
