import { describe, expect, it } from "vitest";
import { Envelope, NIL_UUID, sessionIdOf, UNKNOWN_HARNESS } from "./envelope.ts";

const ROOT_HASH = "0123456789abcdef".repeat(4);

describe("Envelope", () => {
  it("takes an empty object, and null for every key that may be absent", () => {
    const empty = Envelope.parse({});

    expect(empty).toMatchObject({ org_id: NIL_UUID, auth_subject: "", harness_id: UNKNOWN_HARNESS });
    expect(Envelope.parse(Object.fromEntries(Object.keys(Envelope.shape).map((key) => [key, null])))).toEqual(
      empty,
    );
  });

  it.each([
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "3d813cbb-47fb-32ba-91df-831e1593ac29",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "1ec9414c-232a-6b00-b3c8-9f6bdeced846",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "2489e9ad-2ee2-8e00-8ec9-32d5f69181c0",
    NIL_UUID,
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ])("takes %s as an org, in any case", (id) => {
    expect(Envelope.parse({ org_id: id.toUpperCase() }).org_id).toBe(id);
  });

  it("takes an empty org for the nil UUID, and no other text", () => {
    expect(Envelope.parse({ org_id: "" }).org_id).toBe(NIL_UUID);
    for (const org_id of ["acme", " ", `{${NIL_UUID}}`, NIL_UUID.replaceAll("-", ""), 5, {}]) {
      expect(Envelope.safeParse({ org_id }).success).toBe(false);
    }
  });

  it("takes blank facts for absent, and keeps the others and the subject verbatim", () => {
    const envelope = Envelope.parse({ cwd: " ", name: "", harness_version: " 1 ", auth_subject: " me " });

    expect(envelope).toMatchObject({ harness_version: " 1 ", auth_subject: " me " });
    expect([envelope.cwd, envelope.name]).toEqual([undefined, undefined]);
  });

  it("refuses an empty parent session, and takes none", () => {
    expect(Envelope.safeParse({ parent_harness_session_id: "" }).success).toBe(false);
    expect(Envelope.parse({ parent_harness_session_id: null }).parent_harness_session_id).toBeUndefined();
  });

  it("takes only an object as metadata, and passes it through", () => {
    const metadata = JSON.parse('{"__proto__":1,"a":null}') as object;

    expect(Envelope.parse({ harness_metadata: metadata }).harness_metadata).toBe(metadata);
    for (const harness_metadata of [[], "a", 5, true]) {
      expect(Envelope.safeParse({ harness_metadata }).success).toBe(false);
    }
  });

  it("ignores keys that it does not know", () => {
    expect(Envelope.parse({ colour: "red" })).not.toHaveProperty("colour");
  });
});

describe("sessionIdOf", () => {
  it("is the harness's own when harness and session are known", () => {
    expect(sessionIdOf(Envelope.parse({ harness_id: "claude", harness_session_id: "s" }), ROOT_HASH)).toBe(
      "s",
    );
  });

  it.each([
    { harness_id: "claude", harness_session_id: "" },
    { harness_id: "", harness_session_id: "s" },
    { harness_id: "unknown", harness_session_id: "s" },
    {},
  ])("is synthetic for %j", (envelope) => {
    expect(sessionIdOf(Envelope.parse(envelope), ROOT_HASH)).toBe("0123456789abcdef");
  });
});
