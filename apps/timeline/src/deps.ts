import type { Logger } from "@turnpike/kit/logger";
import type { Registry } from "@turnpike/kit/metrics";
import type { ReceiptFinder } from "@turnpike/queue/receipt-finder";
import type { PostgresEditor } from "@turnpike/store/postgres-editor";
import type { PostgresReader } from "@turnpike/store/postgres-reader";

/** What the timeline app is made of. */
export interface TimelineDeps {
  readonly reader: PostgresReader;
  readonly editor: Pick<PostgresEditor, "renameSession" | "deleteSession">;
  readonly receiptFinder: Pick<ReceiptFinder, "findReceipt">;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly isStopping: () => boolean;
  /** Ends long polls and streams when a stop begins. */
  readonly stopSignal?: AbortSignal | undefined;
}
