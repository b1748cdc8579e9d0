CREATE TABLE "audit_log" (
	"org_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text COLLATE "C" NOT NULL,
	"details" jsonb NOT NULL,
	CONSTRAINT "audit_log_org_id_id_pk" PRIMARY KEY("org_id","id")
);
--> statement-breakpoint
CREATE TABLE "dead_letters" (
	"org_id" uuid NOT NULL,
	"receipt" uuid NOT NULL,
	"job_name" text NOT NULL,
	"code" text COLLATE "C" NOT NULL,
	"reason" text NOT NULL,
	"attempts" integer NOT NULL,
	"first_failed_at" timestamp(6) with time zone NOT NULL,
	"last_failed_at" timestamp(6) with time zone NOT NULL,
	"accepted_at" timestamp(6) with time zone,
	"request_id" text,
	"job" "bytea",
	"job_bytes" bigint NOT NULL,
	"replays" integer DEFAULT 0 NOT NULL,
	"replayed_at" timestamp(6) with time zone,
	"discarded_at" timestamp(6) with time zone,
	"resolved_at" timestamp(6) with time zone,
	CONSTRAINT "dead_letters_org_id_receipt_pk" PRIMARY KEY("org_id","receipt")
);
--> statement-breakpoint
CREATE TABLE "ledger_counts" (
	"org_id" uuid NOT NULL,
	"outcome" text NOT NULL,
	"shard" integer NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "ledger_counts_org_id_outcome_shard_pk" PRIMARY KEY("org_id","outcome","shard")
);
--> statement-breakpoint
CREATE INDEX "audit_log_by_id" ON "audit_log" USING btree ("id");--> statement-breakpoint
CREATE INDEX "dead_letters_by_time" ON "dead_letters" USING btree ("org_id","last_failed_at","receipt") WHERE job_bytes >= 0;--> statement-breakpoint
CREATE INDEX "dead_letters_by_code" ON "dead_letters" USING btree ("org_id","code","last_failed_at","receipt") WHERE job_bytes >= 0;--> statement-breakpoint
CREATE INDEX "dead_letters_by_time_alone" ON "dead_letters" USING btree ("last_failed_at","org_id","receipt") WHERE job_bytes >= 0;--> statement-breakpoint
CREATE INDEX "dead_letters_open" ON "dead_letters" USING btree ("org_id","receipt") WHERE resolved_at IS NULL;