/**
 * Connects a plain client to the one node of a cluster that serves its keys, whichever that is at the moment: it is looked for at
 * every connection. So a client on a cluster behaves as one on a single Redis does: what is sent is never sent twice, and what it asks
 * of the server (memory, time) is asked of the server that holds its keys.
 */
import { createConnection, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { RedisOptions } from "ioredis";
import type { NodeAddress } from "./find-primary.ts";

type ConnectorClass = NonNullable<RedisOptions["Connector"]>;
type Connector = InstanceType<ConnectorClass>;

// A server that hangs does not answer the end of a connection either.
const END_TIMEOUT_MS = 2_000;

/** Make what ioredis makes its connectors with. */
export function createClusterConnector(findMaster: () => Promise<NodeAddress>): ConnectorClass {
  // Called with `new` by the client, once each time that it is duplicated.
  function Connect(options: Pick<RedisOptions, "tls" | "family">): Connector {
    return makeConnector(findMaster, options) as unknown as Connector;
  }
  return Connect as unknown as ConnectorClass;
}

/** What ioredis calls of a connector. */
type Face = Pick<Connector, "connect" | "check" | "disconnect"> & { firstError: Error | undefined };

function makeConnector(
  findMaster: () => Promise<NodeAddress>,
  { tls, family = 0 }: Pick<RedisOptions, "tls" | "family">,
): Face {
  let stream: Socket | undefined;
  let isWanted = false;
  const connector: Face = {
    firstError: undefined,
    check: () => true,
    async connect() {
      isWanted = true;
      connector.firstError = undefined;
      stream = await open().catch((error: unknown) => {
        connector.firstError = error as Error;
        return undefined;
      });
      // The client takes a rejection for the end; a connection that is closed already it makes again.
      return isWanted && stream !== undefined ? stream : new Socket().destroy();
    },
    disconnect() {
      isWanted = false;
      const ending = stream;
      stream = undefined;
      if (ending === undefined) return;
      const timer = setTimeout(() => ending.destroy(), END_TIMEOUT_MS);
      ending.once("close", () => clearTimeout(timer));
      ending.end();
    },
  };
  const open = async (): Promise<Socket | undefined> => {
    const { host, port } = await findMaster();
    if (!isWanted) return undefined;
    const opening =
      tls === undefined
        ? createConnection({ host, port, family })
        : connectTls({ host, port, ...(typeof tls === "object" ? tls : {}) });
    opening.once("error", (error: Error) => {
      connector.firstError = error;
    });
    return opening;
  };
  return connector;
}
