CREATE TABLE "nodes" (
	"org_id" uuid NOT NULL,
	"hash" text COLLATE "C" NOT NULL,
	"parent_hash" text COLLATE "C",
	"session_id" uuid,
	"role" text NOT NULL,
	"content" json NOT NULL,
	"provider" text NOT NULL,
	"agent_name" text,
	"model" text,
	"stop_reason" text,
	"input_tokens" bigint,
	"output_tokens" bigint,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "nodes_org_id_hash_pk" PRIMARY KEY("org_id","hash")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"org_id" uuid NOT NULL,
	"receipt" uuid NOT NULL,
	"outcome" text NOT NULL,
	"session_id" uuid,
	"turn_id" uuid,
	"head_hash" text COLLATE "C",
	"first_sequence" bigint,
	"last_sequence" bigint,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "receipts_org_id_receipt_pk" PRIMARY KEY("org_id","receipt")
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"org_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "runs_org_id_session_id_id_pk" PRIMARY KEY("org_id","session_id","id")
);
--> statement-breakpoint
CREATE TABLE "session_events" (
	"org_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"id" text COLLATE "C" NOT NULL,
	"event_type" text COLLATE "C" NOT NULL,
	"created_at" timestamp(6) with time zone NOT NULL,
	"occurred_at" timestamp(6) with time zone,
	"metadata" json NOT NULL,
	"run_id" text,
	"message" text,
	"node_hash" text COLLATE "C",
	"turn_id" uuid,
	CONSTRAINT "session_events_org_id_session_id_sequence_pk" PRIMARY KEY("org_id","session_id","sequence"),
	CONSTRAINT "session_events_id_key" UNIQUE("org_id","session_id","id")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"org_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"harness_id" text COLLATE "C" NOT NULL,
	"harness_session_id" text COLLATE "C" NOT NULL,
	"parent_session_id" uuid,
	"auth_subject" text DEFAULT '' NOT NULL,
	"harness_version" text,
	"cwd" text,
	"name" text,
	"display_name" text,
	"harness_metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"turn_count" bigint DEFAULT 0 NOT NULL,
	"unpriced_turn_count" bigint DEFAULT 0 NOT NULL,
	"total_input_tokens" bigint DEFAULT 0 NOT NULL,
	"total_output_tokens" bigint DEFAULT 0 NOT NULL,
	"total_cache_creation_input_tokens" bigint DEFAULT 0 NOT NULL,
	"total_cache_read_input_tokens" bigint DEFAULT 0 NOT NULL,
	"total_cost_usd" numeric(24, 12) DEFAULT '0' NOT NULL,
	"latest_sequence" bigint DEFAULT 0 NOT NULL,
	"latest_event_at" timestamp(6) with time zone,
	"started_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp(6) with time zone,
	CONSTRAINT "sessions_org_id_id_pk" PRIMARY KEY("org_id","id"),
	CONSTRAINT "sessions_harness_key" UNIQUE("org_id","harness_id","harness_session_id")
);
--> statement-breakpoint
CREATE TABLE "turns" (
	"org_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"receipt" uuid NOT NULL,
	"root_hash" text COLLATE "C" NOT NULL,
	"head_hash" text COLLATE "C" NOT NULL,
	"chain_length" integer NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"agent_name" text,
	"stop_reason" text,
	"input_tokens" bigint DEFAULT 0 NOT NULL,
	"output_tokens" bigint DEFAULT 0 NOT NULL,
	"cache_creation_input_tokens" bigint DEFAULT 0 NOT NULL,
	"cache_read_input_tokens" bigint DEFAULT 0 NOT NULL,
	"cost_usd" numeric(24, 12),
	"duration_ms" double precision,
	"request_id" text,
	"upstream_request_id" text,
	"thread_id" text,
	"occurred_at" timestamp(6) with time zone,
	"replaced_chars" integer DEFAULT 0 NOT NULL,
	"extra" json,
	"first_sequence" bigint NOT NULL,
	"last_sequence" bigint NOT NULL,
	"created_at" timestamp(6) with time zone NOT NULL,
	CONSTRAINT "turns_org_id_id_pk" PRIMARY KEY("org_id","id"),
	CONSTRAINT "turns_head_key" UNIQUE("org_id","head_hash","session_id"),
	CONSTRAINT "turns_sequence_key" UNIQUE("org_id","session_id","first_sequence")
);
--> statement-breakpoint
CREATE INDEX "nodes_by_parent" ON "nodes" USING btree ("parent_hash","org_id");--> statement-breakpoint
CREATE INDEX "sessions_by_last_seen" ON "sessions" USING btree ("org_id","last_seen_at","id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_start" ON "sessions" USING btree ("org_id","started_at","id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_turns" ON "sessions" USING btree ("org_id","turn_count","id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_cost" ON "sessions" USING btree ("org_id","total_cost_usd","id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_tokens" ON "sessions" USING btree ("org_id",(total_input_tokens + total_output_tokens),"id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_subject" ON "sessions" USING btree ("org_id",hashtextextended(auth_subject, 0),"last_seen_at","id") WHERE deleted_at IS NULL AND latest_sequence >= 0;--> statement-breakpoint
CREATE INDEX "sessions_by_parent" ON "sessions" USING btree ("org_id","parent_session_id") WHERE parent_session_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "turns_by_model" ON "turns" USING btree (hashtextextended(model, 0),"org_id","session_id");--> statement-breakpoint
CREATE INDEX "turns_by_time" ON "turns" USING btree ("org_id","created_at") WHERE chain_length > 0;