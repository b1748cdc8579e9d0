/**
 * The marker of a queue: it says, in the database and in the queue itself, that the two belong together. A process that finds
 * them at odds has been given another queue than the one in which turns of this database were accepted.
 */

/** Where a queue is, as far as processes have to agree on it; never an address, which may hold a password. */
export interface QueuePlace {
  readonly backend: "redis" | "postgres";
  /** Of no meaning in Postgres. */
  readonly prefix: string;
  readonly shards: number;
}

/** The database's word on which queue is its own. */
export interface DatabaseMarker extends QueuePlace {
  /** UUID, minted once; another one only when an operator has said that another queue is the right one. */
  readonly generation: string;
  /** The generation in whose place this one was put, which a queue may still carry. */
  readonly replaces: string | undefined;
  /** ISO 8601. */
  readonly writtenAt: string;
  /** Whether the queue was seen to carry this generation: from then on one without it has lost it. */
  readonly isConfirmed: boolean;
}

/** What the database itself knows of what was accepted. */
export interface DatabaseHoldings {
  /** Of the queue in this database: turns that are in it, and turns it has ever accepted. */
  readonly postgresQueue: { readonly jobs: number; readonly accepted: number };
  /** Turns that were accepted by some queue and have come to their end, since the ledger is kept. */
  readonly ended: number;
}

/** The marker in the database. Each call throws AppError `store_unavailable` when the database is away. */
export interface DatabaseMarkers {
  /** Undefined when there is none yet. */
  read(): Promise<DatabaseMarker | undefined>;
  /** Write the first marker; whoever comes later gets the one that is there. */
  claim(place: QueuePlace): Promise<DatabaseMarker>;
  /** Note that the queue carries this generation. */
  confirm(generation: string): Promise<void>;
  /** Note that more shards than before hold turns. */
  raiseShards(generation: string, shards: number): Promise<void>;
  readHoldings(): Promise<DatabaseHoldings>;
}
