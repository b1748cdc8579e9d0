/** What a queue says of itself: its side of the marker. */

/** What is written into a queue that belongs to a database. */
interface QueueClaim {
  readonly generation: string;
  /** A queue that carries this generation is given the new one; one that carries any other keeps it. */
  readonly replaces: string | undefined;
  readonly shards: number;
}

/** What a queue says of itself. */
export interface QueueNote {
  /** Undefined when no database has claimed it. */
  readonly generation: string | undefined;
  readonly replaces: string | undefined;
  /** The most shards in which turns were ever put. */
  readonly shards: number;
  /** Somebody who knows the database has found that this queue, which nobody has claimed, is not the database's. */
  readonly isRefused: boolean;
  /** A queue with the same prefix, but with shards where this one has none or without where it has some, carries a marker. */
  readonly hasSibling: boolean;
}

/** The marker in a queue. Each call fails with the driver's error when the queue is away. */
export interface QueueNotes {
  read(): Promise<QueueNote>;
  /** Claim the queue, unless it is another's; answers with what is there then. In one step, whoever else claims it. */
  claim(claim: QueueClaim): Promise<QueueNote>;
  /** Tell those who know the queue only that it is not the right one. Nothing happens to a queue that was claimed. */
  refuse(): Promise<void>;
}
