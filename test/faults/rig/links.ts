import { createTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

/** The network between the parts; each of these can be disturbed for itself. */
export interface Links {
  /** From the client to each ingest process. */
  readonly clients: readonly TcpProxy[];
  readonly ingestQueue: TcpProxy;
  readonly workerStore: TcpProxy;
  /** The same as `workerStore` when the queue lies in the database. */
  readonly workerQueue: TcpProxy;
  /** What the timeline reads from; never disturbed, for it is by it that the outcome is read. */
  readonly timelineStore: TcpProxy;
  readonly timelineQueue: TcpProxy;
  all(): readonly TcpProxy[];
  /** Tell where Postgres is; undefined: nowhere. */
  movePostgres(url: string | undefined): void;
  moveRedis(url: string | undefined): void;
}

/** Nothing listens there. A port that was given up may be anybody's by the time somebody connects. */
export const NOWHERE = "http://127.0.0.1:1/";

/** Lay the links. They lead nowhere until they are told where. */
export async function createLinks(backend: "redis" | "postgres", ingests: number): Promise<Links> {
  const lay = (scheme: string): Promise<TcpProxy> => createTcpProxy(`${scheme}://127.0.0.1:1`);
  const queueScheme = backend === "redis" ? "redis" : "postgres";
  const clients = await Promise.all(Array.from({ length: ingests }, () => lay("http")));
  const [ingestQueue, workerStore, timelineStore] = [
    await lay(queueScheme),
    await lay("postgres"),
    await lay("postgres"),
  ];
  const workerQueue = backend === "redis" ? await lay("redis") : workerStore;
  const timelineQueue = backend === "redis" ? await lay("redis") : timelineStore;
  const queueLinks = [ingestQueue, workerQueue, timelineQueue];
  const all = [...new Set([...clients, ...queueLinks, workerStore, timelineStore])];
  const move = (links: readonly TcpProxy[], url: string | undefined): void =>
    links.forEach((link) => link.retarget(url ?? NOWHERE));
  return {
    clients,
    ingestQueue,
    workerStore,
    workerQueue,
    timelineStore,
    timelineQueue,
    all: () => all,
    movePostgres: (url) =>
      move([workerStore, timelineStore, ...(backend === "postgres" ? queueLinks : [])], url),
    moveRedis: (url) => move(queueLinks, url),
  };
}
