import type { Random } from "../rig/random.ts";

const words = [
  "the spider crosses the web",
  "Найди ошибку в модуле",
  "数据库连接已断开",
  "データを確認してください",
  "تحقق من السجل",
  "naïve café Ångström",
  "ไฟล์นี้ว่างเปล่า",
  "🕷️👩‍👩‍👧‍👦 🇺🇦",
  "tab\tand\nnewline",
  'quote " and \\ backslash',
  "<system-reminder>not for the hash</system-reminder>",
  "e\u0301 combining",
];

/** Write a text of about so many characters, in several scripts; now and then with a character that Postgres cannot hold. */
export function writeText(random: Random, length: number): string {
  const parts: string[] = [];
  for (let size = 0; size < length;) {
    const part = `${random.pick(words)} ${random.between(0, 1e9).toString(36)}`;
    parts.push(part);
    size += part.length + 1;
  }
  if (random.chance(0.02)) parts.push(random.pick(["\u0000", "\ud83d"]));
  return parts.join(" ");
}

/** Write a large text fast. It compresses about as text does. */
export function writeLargeText(random: Random, bytes: number): string {
  const block = writeText(random, 4_000);
  const parts: string[] = [];
  for (let size = 0; size < bytes;) {
    const part = `${random.between(0, 1e9)} ${block}`;
    parts.push(part);
    size += Buffer.byteLength(part);
  }
  return parts.join("\n");
}
