import { type Grant, readGrants } from "./read-definition.ts";
import type { Run } from "../connection/with-session.ts";

/** Give a new table to an owner, with these rights on it and no others: whatever the database gives to new tables is taken away. */
export async function copyGrants(
  run: Run,
  path: string,
  { owner, grants }: { readonly owner: string; readonly grants: readonly Grant[] },
): Promise<void> {
  await run(`ALTER TABLE ${path} OWNER TO ${owner}`);
  const { rows } = await run<{ oid: number }>("SELECT $1::regclass::oid::int8::float8 AS oid", [path]);
  const given = await readGrants(run, rows[0]?.oid ?? 0);
  const missing = grants.filter((grant) => !given.some((one) => isSame(one, grant)));
  for (const grant of given.filter((one) => !grants.some((wanted) => isSame(one, wanted)))) {
    await run(`REVOKE ${describe(grant)} ON ${path} FROM ${grant.grantee}`);
  }
  for (const grant of missing) {
    const option = grant.isGrantable ? " WITH GRANT OPTION" : "";
    await run(`GRANT ${describe(grant)} ON ${path} TO ${grant.grantee}${option}`);
  }
}

function describe({ privilege, column }: Grant): string {
  return column === null ? privilege : `${privilege} (${column})`;
}

function isSame(left: Grant, right: Grant): boolean {
  return (
    left.grantee === right.grantee &&
    left.privilege === right.privilege &&
    left.column === right.column &&
    left.isGrantable === right.isGrantable
  );
}
