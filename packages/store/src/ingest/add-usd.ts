const DECIMALS = 12;

/** Add two decimal amounts of US dollars, exactly, to at most 12 decimals. */
export function addUsd(left: string, right: string): string {
  const sum = (toPico(left) + toPico(right)).toString().padStart(DECIMALS + 1, "0");
  return `${sum.slice(0, -DECIMALS)}.${sum.slice(-DECIMALS)}`;
}

function toPico(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole + fraction.padEnd(DECIMALS, "0").slice(0, DECIMALS));
}
