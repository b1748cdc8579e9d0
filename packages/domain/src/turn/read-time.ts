// Offsets up to 15:59, as in Postgres: no zone on Earth is further from UTC than 14:00.
const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:Z|([+-])(0\d|1[0-5]):([0-5]\d))$/;

// Clients that have no time send year 1; the other bound is what four digits can say.
const EARLIEST_YEAR = 1970;
const LATEST_YEAR = 9999;

/**
 * Read a client's RFC 3339 time as UTC with microseconds; finer digits are cut, not rounded. Undefined when it is none, when
 * the calendar has no such day, or when it lies outside the years 1970 to 9999. The second 60 is none of these clocks'.
 */
export function readTime(text: string): string | undefined {
  const parts = RFC_3339.exec(text.toUpperCase());
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A day that the calendar does not have rolls over into the next month.
  if (year < 100 || local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  const offsetMinutes = (parts[8] === "-" ? -1 : 1) * (Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0));
  const utc = new Date(local.valueOf() - offsetMinutes * 60_000);
  const utcYear = utc.getUTCFullYear();
  if (utcYear < EARLIEST_YEAR || utcYear > LATEST_YEAR) return undefined;
  const fraction = (parts[7] ?? "").slice(0, 6).padEnd(6, "0");
  return `${utc.toISOString().slice(0, 19)}.${fraction}Z`;
}
