import type { Logger } from "@turnpike/kit/process/logger";
import type { Registry } from "@turnpike/kit/process/metrics";
import type { Producer } from "@turnpike/queue/producer/producer";
import type { QueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import type { DeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import type { PostgresEditor } from "@turnpike/store/edit/postgres-editor";
import type { PostgresReader } from "@turnpike/store/read/postgres-reader";

/** What the timeline app is made of. */
export interface TimelineDeps {
  readonly reader: PostgresReader;
  readonly editor: Pick<PostgresEditor, "renameSession" | "deleteSession">;
  readonly deadLetters: Omit<DeadLetters, "put" | "tidy" | "close">;
  readonly queue: Pick<QueueInspector, "findReceipt" | "snapshot" | "load" | "check">;
  /** Puts dead letters back into the queue. */
  readonly replayer: Pick<Producer, "replay">;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly isStopping: () => boolean;
  /** Ends long polls and streams when a stop begins. */
  readonly stopSignal?: AbortSignal | undefined;
}
