import { createPostgresEditor, type PostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { afterAll, beforeAll } from "vitest";
import type { StoreFixture } from "./store-fixture.ts";

/** Open an editor on a fixture's database, for the suite it is called in. */
export function useEditor(fixture: StoreFixture): () => PostgresEditor {
  let editor: PostgresEditor | undefined;
  beforeAll(() => {
    editor = createPostgresEditor({ url: fixture.url, maxConnections: 4 });
  });
  afterAll(() => editor?.close());
  return () => {
    if (editor === undefined) throw new Error("the editor is used before its tests run");
    return editor;
  };
}
