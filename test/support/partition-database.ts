import { partitionTables } from "@turnpike/store/partition/partition-tables";

/**
 * Partition a database that nobody uses.
 * @throws Error unless it was plain before and is partitioned now.
 */
export async function partitionDatabase(url: string, partitions: number): Promise<void> {
  const result = await partitionTables(url, { partitions, waitMs: 10_000, onProgress: () => {} });
  if (result.outcome !== "partitioned")
    throw new Error(`the database was not partitioned: ${result.outcome}`);
}
