/** One connection through the statement cutter, see `cut-after.ts`. */
import { createConnection, type Socket } from "node:net";
import { createStatementReader } from "./statement-reader.ts";
import {
  createClientSplitter,
  createServerSplitter,
  readRequestCode,
  requestCodes,
  type WireMessage,
} from "./wire-messages.ts";

const beginning = /^\s*(begin|start\s+transaction)\b/i;
const ending = /^\s*(commit|end|rollback(?!\s+to)|abort)\b/i;
const committing = /^\s*(commit|end)\b/i;

/**
 * `before`: the statement never reaches the server. `after`: the server has executed the statement, and its answer never
 * reaches the client.
 */
export type CutMode = "before" | "after";

/** How the client learns of it: the connection is `reset`, as by a failing network, or `closed`, as by a server that ends. */
export type LossKind = "reset" | "closed";

/** What the sessions of one proxy share from one arming to the next. */
export interface Arming {
  /** Count statements whether or not a transaction has begun. */
  readonly countsLoose: boolean;
  readonly k: number | undefined;
  readonly mode: CutMode;
  readonly loss: LossKind;
  readonly texts: string[];
  /** The session whose transaction is counted. */
  session: symbol | undefined;
  hasEnded: boolean;
  wasCut: boolean;
  sentCommit: boolean;
}

/** Connect a client with the server, and count and cut as the arming says. Returns both sockets. */
export function proxySession(
  client: Socket,
  host: string,
  port: number,
  currentArming: () => Arming,
): [Socket, Socket] {
  const server = createConnection({ host, port, noDelay: true });
  client.setNoDelay(true);
  const clientMessages = createClientSplitter();
  const serverMessages = createServerSplitter();
  const statements = createStatementReader();
  const session = Symbol("session");
  // How many answers are owed that end with ReadyForQuery: one per Query and Sync, and one for the start of the session.
  let awaited = 1;
  let lossAfterAnswer: LossKind = "reset";
  let state: "open" | "finishing" | "answering" | "cut" = "open";

  const cut = (loss: LossKind): void => {
    state = "cut";
    if (loss === "reset") client.resetAndDestroy();
    else client.destroy();
    server.destroy();
  };

  const forward = ({ type, bytes }: WireMessage): void => {
    if (type === "Q" || type === "S") awaited += 1;
    server.write(bytes);
    // The server answers an Execute for sure only when the Sync behind it has come.
    if (state === "finishing" && (type === "Q" || type === "S")) state = "answering";
  };

  const takeFromClient = (message: WireMessage): void => {
    if (state === "answering" || state === "cut") return;
    if (isEncryptionRequest(message)) {
      // Declined here: what is encrypted cannot be read.
      client.write("N");
      return;
    }
    const text = state === "open" ? statements.read(message) : undefined;
    const arming = currentArming();
    if (text !== undefined && countStatement(arming, session, text)) {
      arming.wasCut = true;
      if (arming.mode === "before") return cut(arming.loss);
      state = "finishing";
      lossAfterAnswer = arming.loss;
    }
    if (text !== undefined && isCounted(arming, session) && committing.test(text)) arming.sentCommit = true;
    forward(message);
  };

  const takeFromServer = ({ type, bytes }: WireMessage): void => {
    if (type === "Z") awaited -= 1;
    if (state === "open") client.write(bytes);
    else if (state === "answering" && awaited === 0) cut(lossAfterAnswer);
  };

  client.on("data", (chunk: Buffer) => clientMessages.push(chunk).forEach(takeFromClient));
  server.on("data", (chunk: Buffer) => serverMessages.push(chunk).forEach(takeFromServer));
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on("end", () => other.end());
    one.on("close", () => other.destroy());
    // A reset is told by the close that follows it.
    one.on("error", () => undefined);
  }
  return [client, server];
}

/** Count a statement if it belongs to the armed transaction; true when the connection is to be lost at it. */
function countStatement(arming: Arming, session: symbol, text: string): boolean {
  if (arming.session === undefined && (arming.countsLoose || beginning.test(text))) arming.session = session;
  if (!isCounted(arming, session) || arming.hasEnded) return false;
  arming.texts.push(text);
  if (ending.test(text)) arming.hasEnded = true;
  return arming.texts.length === arming.k;
}

function isCounted(arming: Arming, session: symbol): boolean {
  return arming.session === session;
}

function isEncryptionRequest(message: WireMessage): boolean {
  if (message.type !== undefined) return false;
  const code = readRequestCode(message);
  return code === requestCodes.ssl || code === requestCodes.gssEncryption;
}
