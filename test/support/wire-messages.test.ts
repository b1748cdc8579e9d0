import {
  array,
  assert,
  constantFrom,
  infiniteStream,
  integer,
  property,
  tuple,
  uint8Array,
} from "fast-check";
import { expect, test } from "vitest";
import { createClientSplitter, createServerSplitter } from "./wire-messages.ts";

const typed = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const untyped = (code: number): Buffer => {
  const message = Buffer.alloc(8);
  message.writeInt32BE(8);
  message.writeInt32BE(code, 4);
  return message;
};

const startup = untyped(196_608);

const anyMessage = tuple(constantFrom("P", "B", "E", "S", "Q"), uint8Array({ maxLength: 40 })).map(
  ([type, body]) => typed(type, Buffer.from(body)),
);

test("messages are found again however the stream is cut into pieces", () => {
  assert(
    property(array(anyMessage), infiniteStream(integer({ min: 1, max: 9 })), (messages, sizes) => {
      const stream = Buffer.concat([startup, ...messages]);
      const splitter = createClientSplitter();
      const found: Buffer[] = [];
      for (let at = 0; at < stream.length;) {
        const size = sizes.next().value ?? 1;
        found.push(...splitter.push(stream.subarray(at, at + size)).map(({ bytes }) => bytes));
        at += size;
      }
      expect(found).toEqual([startup, ...messages]);
    }),
  );
});

test("requests for encryption come before the startup message and have no type either", () => {
  const splitter = createClientSplitter();
  const found = splitter.push(
    Buffer.concat([untyped(80_877_104), untyped(80_877_103), startup, typed("Q", Buffer.alloc(0))]),
  );
  expect(found.map(({ type }) => type)).toEqual([undefined, undefined, undefined, "Q"]);
});

test("everything that a server sends has a type", () => {
  const found = createServerSplitter().push(
    Buffer.concat([typed("R", Buffer.alloc(4)), typed("Z", Buffer.from("I"))]),
  );
  expect(found.map(({ type }) => type)).toEqual(["R", "Z"]);
});
