/** A worker's own role in the database and user in Redis, whose rights can be taken away. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Sql } from "postgres";
import { inject } from "vitest";

export interface OwnRole {
  readonly name: string;
  readonly password: string;
  /** A URL, with this role instead of whoever is in it. */
  in(url: string): string;
  /** End its sessions: rights are looked at when one begins. */
  endSessions(): Promise<void>;
}

/** Make a role that has to give its password, and may do with the tables what a worker does. */
export async function makeOwnRole(sql: Sql, schemas: readonly string[]): Promise<OwnRole> {
  const name = `worker_${randomBytes(4).toString("hex")}`;
  const password = "first";
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
  for (const schema of schemas) {
    await sql.unsafe(`GRANT USAGE ON SCHEMA ${schema} TO ${name}`);
    await sql.unsafe(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${name}`);
    await sql.unsafe(`GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${name}`);
  }
  await askForPassword(name);
  await sql`SELECT pg_reload_conf()`;
  return {
    name,
    password,
    in(url) {
      const its = new URL(url);
      its.username = name;
      its.password = password;
      return its.href;
    },
    async endSessions() {
      await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${name}`;
    },
  };
}

/** Everybody else is trusted by the run's server, as before. */
async function askForPassword(role: string): Promise<void> {
  const file = join(inject("runFolder"), "postgres", "pg_hba.conf");
  const line = `host all ${role} all scram-sha-256\n`;
  // The first line that fits counts.
  await writeFile(file, `${line}${await readFile(file, "utf8")}`);
}

export interface OwnRedisUser {
  in(url: string): string;
  /** Set what it may do, in the words of ACL SETUSER. */
  set(...rules: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** Make a user of Redis that may do everything. */
export async function makeOwnRedisUser(redisUrl: string): Promise<OwnRedisUser> {
  const redis = new Redis(redisUrl);
  const name = `worker-${randomBytes(4).toString("hex")}`;
  await redis.acl("SETUSER", name, "on", ">first", "~*", "&*", "+@all");
  return {
    in(url) {
      const its = new URL(url);
      its.username = name;
      its.password = "first";
      return its.href;
    },
    async set(...rules) {
      await redis.acl("SETUSER", name, ...rules);
    },
    async remove() {
      await redis.acl("DELUSER", name);
      redis.disconnect();
    },
  };
}
