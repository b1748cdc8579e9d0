import { inject } from "vitest";

/** A queue backend that a suite runs on. */
export type TestBackend =
  | { readonly name: "postgres"; readonly redisUrl: undefined }
  | { readonly name: "redis"; readonly redisUrl: string };

/** List the queue backends of this machine, for `describe.each(queueBackends())("… on $name", …)`. */
export function queueBackends(): TestBackend[] {
  const redisUrl = inject("redisUrl");
  const backends: TestBackend[] = [{ name: "postgres", redisUrl: undefined }];
  if (redisUrl !== undefined) backends.push({ name: "redis", redisUrl });
  return backends;
}
