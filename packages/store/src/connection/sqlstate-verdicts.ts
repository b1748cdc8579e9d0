/**
 * What an error of PostgreSQL says of the turn that met it. A turn is given up only for what lies in the turn itself: rights,
 * passwords, certificates, a server that is full or read-only and tables that are not there are mended by somebody, however long
 * that takes. The table knows every class of the manual's Appendix A (of PostgreSQL 18).
 */

/**
 * `environment`: no change of the turn cures it. `contention`: others were in the way. `rejected`: it is the turn's own content, and
 * fails again. `suspect`: the fault of this turn, or of a database that fails for all; whether others are stored tells which.
 */
export type SqlStateVerdict = "environment" | "contention" | "rejected" | "suspect";

/** The classes of SQLSTATEs. */
export const sqlStateClasses = [
  "00",
  "01",
  "02",
  "03",
  "08",
  "09",
  "0A",
  "0B",
  "0F",
  "0L",
  "0P",
  "0Z",
  "10",
  "20",
  "21",
  "22",
  "23",
  "24",
  "25",
  "26",
  "27",
  "28",
  "2B",
  "2D",
  "2F",
  "34",
  "38",
  "39",
  "3B",
  "3D",
  "3F",
  "40",
  "42",
  "44",
  "53",
  "54",
  "55",
  "57",
  "58",
  "72",
  "F0",
  "HV",
  "P0",
  "XX",
] as const;

type SqlStateClass = (typeof sqlStateClasses)[number];

const byClass = {
  // successful completion
  "00": "environment",
  // warning
  "01": "environment",
  // no data
  "02": "environment",
  // SQL statement not yet complete
  "03": "environment",
  // connection exception
  "08": "environment",
  // triggered action exception
  "09": "suspect",
  // feature not supported; also a prepared plan that a migration has outdated
  "0A": "environment",
  // invalid transaction initiation
  "0B": "environment",
  // locator exception
  "0F": "suspect",
  // invalid grantor
  "0L": "environment",
  // invalid role specification
  "0P": "environment",
  // diagnostics exception
  "0Z": "suspect",
  // XQuery error
  "10": "suspect",
  // case not found
  "20": "suspect",
  // cardinality violation
  "21": "suspect",
  // data exception
  "22": "rejected",
  // integrity constraint violation
  "23": "rejected",
  // invalid cursor state
  "24": "environment",
  // invalid transaction state; 25006 is a server that takes no writes
  "25": "environment",
  // invalid SQL statement name: a pooler has forgotten what was prepared
  "26": "environment",
  // triggered data change violation
  "27": "suspect",
  // invalid authorization specification
  "28": "environment",
  // dependent privilege descriptors still exist
  "2B": "environment",
  // invalid transaction termination
  "2D": "environment",
  // SQL routine exception
  "2F": "suspect",
  // invalid cursor name
  "34": "environment",
  // external routine exception
  "38": "suspect",
  // external routine invocation exception
  "39": "suspect",
  // savepoint exception
  "3B": "environment",
  // invalid catalog name: no such database
  "3D": "environment",
  // invalid schema name
  "3F": "environment",
  // transaction rollback
  "40": "contention",
  // syntax error or access rule violation
  "42": "suspect",
  // WITH CHECK OPTION violation
  "44": "suspect",
  // insufficient resources
  "53": "environment",
  // program limit exceeded
  "54": "rejected",
  // object not in prerequisite state
  "55": "environment",
  // operator intervention
  "57": "environment",
  // system error
  "58": "environment",
  // snapshot failure
  "72": "contention",
  // configuration file error
  F0: "environment",
  // foreign data wrapper error
  HV: "environment",
  // PL/pgSQL error: what somebody's trigger raises
  P0: "suspect",
  // internal error
  XX: "suspect",
} as const satisfies Record<SqlStateClass, SqlStateVerdict>;

/** Codes that are judged otherwise than the rest of their class. */
export const exceptionalSqlStates: Readonly<Record<string, SqlStateVerdict>> = {
  // insufficient_privilege: a GRANT is missing
  "42501": "environment",
  // undefined_table: not migrated yet
  "42P01": "environment",
  // undefined_column: not migrated yet
  "42703": "environment",
  // duplicate_prepared_statement: a pooler hands out connections of others; no turn names a statement
  "42P05": "environment",
  // lock_not_available
  "55P03": "contention",
  // query_canceled: mostly our own statement timeout
  "57014": "suspect",
  // data_corrupted: to be repaired, the turn is as good as any
  XX001: "environment",
  // index_corrupted
  XX002: "environment",
};

/**
 * Judge a SQLSTATE. One of a class that is not known here waits, too: it is of a pooler, an extension or a server that is not quite
 * PostgreSQL, and says nothing that a turn could be blamed for. A turn that waits for nothing is seen by its age; one that was
 * given up for nothing is a loss until somebody looks.
 */
export function judgeSqlState(sqlState: string): SqlStateVerdict {
  const exception = exceptionalSqlStates[sqlState];
  if (exception !== undefined) return exception;
  const known: Readonly<Record<string, SqlStateVerdict>> = byClass;
  return known[sqlState.slice(0, 2)] ?? "environment";
}
