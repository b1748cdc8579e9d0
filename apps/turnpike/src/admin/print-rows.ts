import Table from "cli-table3";

/** A column of a table. */
export interface Column<Row> {
  readonly head: string;
  readonly align?: "left" | "right";
  readonly cell: (row: Row) => string | number;
}

// What a terminal would obey instead of show.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Write rows as a table for people; what others have sent cannot move the cursor. */
export function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align = "left" }) => align),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push(
      columns.map(({ cell }) => {
        const value = cell(row);
        return typeof value === "number" ? value.toLocaleString("en") : plain(value);
      }),
    );
  }
  return table.toString();
}

/** Text without anything that a terminal would obey. */
export function plain(text: string): string {
  return text.replace(CONTROL, " ");
}

/** Write a line on standard output. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Write a value as JSON for programs. */
export function sayJson(value: unknown): void {
  say(JSON.stringify(value, undefined, 2));
}
