import { Counter, Gauge, type Registry } from "@turnpike/kit/process/metrics";
import type { PostgresReader } from "@turnpike/store/read/postgres-reader";
import { replicaOutcomes } from "@turnpike/store/replica/replica-queries";

/** Register what there is to say of a read replica, nothing when there is none; it is read when somebody asks. */
export function addReplicaMetrics(
  registry: Registry,
  { replicaState }: Pick<PostgresReader, "replicaState">,
): void {
  if (replicaState() === undefined) return;
  const inUse = new Gauge({
    name: "turnpike_replica_in_use",
    help: "1 while reads go to the read replica, 0 while all of them go to the primary.",
    registers: [],
    collect() {
      this.set(replicaState()?.isUsed === true ? 1 : 0);
    },
  });
  const lag = new Gauge({
    name: "turnpike_replica_lag_seconds",
    help: "How far the read replica is behind; NaN while it is not known.",
    registers: [],
    collect() {
      this.set((replicaState()?.lagMs ?? Number.NaN) / 1_000);
    },
  });
  const reads = new Counter({
    name: "turnpike_replica_reads_total",
    help: "Reads by outcome: answered by the replica, or why by the primary.",
    labelNames: ["outcome"],
    registers: [],
    collect() {
      this.reset();
      for (const outcome of replicaOutcomes) this.inc({ outcome }, replicaState()?.outcomes[outcome] ?? 0);
    },
  });
  for (const metric of [inUse, lag, reads]) registry.registerMetric<string>(metric);
}
