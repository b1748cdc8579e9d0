/**
 * The advisory lock of everything that changes tables: one at a time. Any fixed number; what matters is that every such process
 * asks for the same one.
 */
export const MIGRATION_LOCK = 7_108_221_977;
