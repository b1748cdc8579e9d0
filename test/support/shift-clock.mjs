/** Loaded before an app: its clock is as many milliseconds ahead as SHIFT_CLOCK_MS says, or behind. */
const shiftMs = Number(process.env["SHIFT_CLOCK_MS"]);
const TrueDate = Date;

globalThis.Date = class extends TrueDate {
  constructor(...parts) {
    super(...(parts.length === 0 ? [TrueDate.now() + shiftMs] : parts));
  }

  static now() {
    return TrueDate.now() + shiftMs;
  }
};
