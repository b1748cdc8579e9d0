import { randomUUID } from "node:crypto";
import { makeUuidV7 } from "@turnpike/domain/uuid-v7";

/** Make the id of a new row: a UUIDv7 of now. */
export function mintId(): string {
  return makeUuidV7(Date.now(), randomUUID());
}
