/** Nodes and turns as JSON, piece by piece: they may be larger than an answer that is held in memory as a whole. */
import { AppError } from "@turnpike/domain/errors";
import type { NodeView } from "@turnpike/store/read/turns/node-view";
import { CONTENT_PIECE_BYTES } from "@turnpike/store/read/turns/read-contents";
import type { TimelineDeps } from "../deps.ts";
import { toNodeItem } from "./node-item.ts";

/** A part of an answer: text, or the bytes of text. */
export type Piece = string | Uint8Array;

type Contents = Pick<TimelineDeps["reader"], "readContents" | "readContent">;

/** Whether a node came without its content, which was too large. */
export function isHeldBack({ truncated }: NodeView): boolean {
  return truncated?.["content"] !== undefined;
}

/**
 * Write a node whose content was held back.
 * @throws AppError `not_found` when it was erased meanwhile.
 */
export async function* nodePieces(reader: Contents, orgId: string, node: NodeView): AsyncGenerator<Piece> {
  const { content: _content, ...facts } = toNodeItem(withContent(node, []));
  yield `${JSON.stringify(facts).slice(0, -1)},"content":`;
  for (let offset = 0; ;) {
    const piece = await reader.readContent(orgId, node.hash, offset);
    if (piece === undefined) throw erased();
    yield piece;
    offset += piece.byteLength;
    if (piece.byteLength < CONTENT_PIECE_BYTES) break;
  }
  yield "}";
}

/**
 * Write a turn with its chain, of which contents were held back: those that are small are read many at a time.
 * @throws AppError `not_found` when one was erased meanwhile.
 */
export async function* turnPieces(
  reader: Contents,
  orgId: string,
  { nodes, ...facts }: { readonly nodes: readonly NodeView[] },
): AsyncGenerator<Piece> {
  const heldBack = nodes.filter(isHeldBack).map(({ hash }) => hash);
  let contents: (NodeView["content"] | null)[] = [];
  yield `${JSON.stringify(facts).slice(0, -1)},"nodes":[`;
  for (const [index, node] of nodes.entries()) {
    if (index > 0) yield ",";
    if (!isHeldBack(node)) {
      yield JSON.stringify(toNodeItem(node));
      continue;
    }
    if (contents.length === 0) {
      const found = await reader.readContents(orgId, heldBack);
      if (found === undefined) throw erased();
      heldBack.splice(0, found.length);
      contents = [...found];
    }
    const content = contents.shift() ?? null;
    if (content === null) yield* nodePieces(reader, orgId, node);
    else yield JSON.stringify(toNodeItem(withContent(node, content)));
  }
  yield "]}";
}

function withContent({ truncated, ...node }: NodeView, content: NodeView["content"]): NodeView {
  const { content: _content, ...rest } = truncated ?? {};
  return { ...node, content, ...(Object.keys(rest).length === 0 ? {} : { truncated: rest }) };
}

function erased(): AppError {
  return new AppError("not_found", "erased while it was read");
}
