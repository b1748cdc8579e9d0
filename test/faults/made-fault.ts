/** A fault that was made. */
export interface MadeFault {
  readonly name: string;
  /** Milliseconds since the trial began. */
  readonly from: number;
  to: number | undefined;
}
