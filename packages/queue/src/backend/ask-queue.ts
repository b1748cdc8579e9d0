import { AppError, isAppError } from "@turnpike/domain/errors";

/** The first words of what Redis refuses a command with, as far as its manual and its source name them (7.4, with ACLs, scripts and clusters). */
const redisRefusals =
  "ERR WRONGTYPE NOAUTH WRONGPASS NOPERM READONLY LOADING MISCONF OOM BUSY NOREPLICAS NOSCRIPT EXECABORT UNKILLABLE INPROG MASTERDOWN " +
  "NOMASTERLINK NOGOODSLAVE CLUSTERDOWN CROSSSLOT MOVED ASK TRYAGAIN NOTBUSY BUSYKEY BUSYGROUP NOGROUP UNBLOCKED NOPROTO DENIED IOERR " +
  "NOQUORUM STALE VERSIONMISMATCH";

const known: ReadonlySet<string> = new Set(redisRefusals.split(" "));

/**
 * Ask the queue's server on behalf of a job that runs. Whatever it answers with, and whether it answers at all, is nothing that a
 * change of the job could cure: a password, an ACL, a replica, a server that is loading, full or gone.
 * @throws AppError `queue_unavailable`, which names the SQLSTATE, the first word of Redis, or the code of the network, if any.
 */
export async function askQueue<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError("queue_unavailable", `queue: ${nameOf(cause)}`, { cause });
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  if ("code" in error && typeof error.code === "string") return error.code;
  const [word = ""] = error.message.split(" ", 1);
  return known.has(word) ? word : "no answer";
}
