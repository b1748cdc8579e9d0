/**
 * Loses the connection to Postgres at a chosen statement of a transaction. A proxy stands between; it reads what the client
 * sends, message by message, and counts the statements of the first transaction that begins after it was armed: BEGIN is the
 * first, COMMIT the last. A cut disarms it, so that a second attempt goes through.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type Arming, type CutMode, type LossKind, proxySession } from "./proxy-session.ts";

/** A proxy that cuts connections. */
export interface StatementCutter {
  /** The database's URL through the proxy. */
  readonly url: string;
  /**
   * Arm: lose the connection at the k-th statement, from 1, of the next transaction, and count from zero. With undefined only
   * count. A transaction that has begun before is not looked at. Defaults: `before`, `reset`.
   */
  cutAt(k: number | undefined, mode?: CutMode, loss?: LossKind): void;
  /** The same for statements that stand alone: count from the next one on, of the session that sends it. */
  cutAtStatement(k: number, mode?: CutMode): void;
  /** Count the statements of the transaction since arming, the one at which it was cut included. */
  statements(): number;
  /** Texts of these statements, in order. */
  texts(): readonly string[];
  /** Tell whether the connection was lost since arming. */
  wasCut(): boolean;
  /** Tell whether the transaction's COMMIT went to the server since arming. */
  sentCommit(): boolean;
  /** Close the proxy with every connection through it. */
  close(): Promise<void>;
}

/** Put a cutter in front of a database without TLS. It begins unarmed. */
export async function createStatementCutter(databaseUrl: string): Promise<StatementCutter> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let arming = createArming(undefined, "before", "reset");
  const server = createServer((client) => {
    const targetPort = Number(target.port === "" ? 5432 : target.port);
    for (const socket of proxySession(client, target.hostname, targetPort, () => arming)) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutAt: (k, mode = "before", loss = "reset") => {
      arming = createArming(k, mode, loss);
    },
    cutAtStatement: (k, mode = "before") => {
      arming = createArming(k, mode, "reset", true);
    },
    statements: () => arming.texts.length,
    texts: () => [...arming.texts],
    wasCut: () => arming.wasCut,
    sentCommit: () => arming.sentCommit,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createArming(
  k: number | undefined,
  mode: CutMode,
  loss: LossKind,
  countsLoose: boolean = false,
): Arming {
  return {
    k,
    mode,
    loss,
    countsLoose,
    texts: [],
    session: undefined,
    hasEnded: false,
    wasCut: false,
    sentCommit: false,
  };
}
