/**
 * The codes of failures that come from the way to the server: the network, the names, the certificates, and the driver that gave
 * up. Whoever meets one waits; nothing that is stored has anything to do with it.
 */
import { constants } from "node:os";

/** What Node and OpenSSL (X509_V_ERR_…, TLS of Node 20 to 24) say of a certificate. */
export const certificateCodes = [
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "CERT_SIGNATURE_FAILURE",
  "CRL_SIGNATURE_FAILURE",
  "CERT_NOT_YET_VALID",
  "CRL_NOT_YET_VALID",
  "CERT_HAS_EXPIRED",
  "CRL_HAS_EXPIRED",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CRL_LAST_UPDATE_FIELD",
  "ERROR_IN_CRL_NEXT_UPDATE_FIELD",
  "OUT_OF_MEM",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_CHAIN_TOO_LONG",
  "CERT_REVOKED",
  "INVALID_CA",
  "PATH_LENGTH_EXCEEDED",
  "INVALID_PURPOSE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "HOSTNAME_MISMATCH",
  "UNSPECIFIED",
] as const;

/** Of the resolver, beside those of the system. */
const nameCodes =
  "ENOTFOUND ENODATA ESERVFAIL EFORMERR ENOTIMP EREFUSED EBADRESP ETIMEOUT ENONAME " +
  "EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME EAI_MEMORY EAI_SYSTEM EAI_FAMILY EAI_SERVICE";

/** Of postgres.js. */
const driverCodes =
  "CONNECT_TIMEOUT CONNECTION_CLOSED CONNECTION_ENDED CONNECTION_DESTROYED SASL_SIGNATURE_MISMATCH MESSAGE_NOT_SUPPORTED";

const codes: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  ...certificateCodes,
  ...nameCodes.split(" "),
  ...driverCodes.split(" "),
]);

// What OpenSSL has to say beyond certificates, of which there are hundreds, and Node's own of TLS and of sockets.
const FAMILIES = /^ERR_(TLS|SSL|OSSL|SOCKET)_/;

/** Tell whether a code is one of the way to the server. */
export function isConnectionCode(code: string): boolean {
  return codes.has(code) || FAMILIES.test(code);
}
