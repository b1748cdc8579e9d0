/** Answers for requests that never reach an app because they are no valid HTTP. */
import type { Duplex } from "node:stream";
import { answerHeaders } from "./answer-headers.ts";
import { statusTitles } from "./http-status.ts";
import { createProblem, PROBLEM_CONTENT_TYPE } from "./problem.ts";
import { chooseRequestId, REQUEST_ID_HEADER } from "./request-id.ts";

/** Answer a request that was parsed but has no usable target or host. */
export function answerMalformed(): Response {
  const { status, headers, body } = describe(400, "the request has no valid target or host");
  return new Response(body, { status, headers });
}

/** Answer on the bare connection what the HTTP parser refused or gave up waiting for, and close it. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy(error);
    return;
  }
  const { status, headers, body } = describe(...(refusals[error.code ?? ""] ?? NO_HTTP));
  const head = Object.entries({
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  });
  const lines = [
    `HTTP/1.1 ${status} ${statusTitles[status]}`,
    ...head.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const NO_HTTP: [status: number, detail: string] = [400, "the request is no valid HTTP"];

const refusals: Readonly<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not arrive in time"],
  HPE_HEADER_OVERFLOW: [431, "the request's header fields are too large"],
};

function describe(status: number, detail: string) {
  const requestId = chooseRequestId(undefined);
  return {
    status,
    headers: { ...answerHeaders, "content-type": PROBLEM_CONTENT_TYPE, [REQUEST_ID_HEADER]: requestId },
    body: JSON.stringify(createProblem({ status, code: "invalid_query", detail, requestId })),
  };
}
