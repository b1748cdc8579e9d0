-- Which queue is this database's own: one row at most. Empty until a worker or `turnpike migrate` binds the two to each other.
CREATE TABLE "queue_marker" (
	"id" smallint PRIMARY KEY DEFAULT 1 NOT NULL,
	"backend" text NOT NULL,
	"prefix" text NOT NULL,
	"shards" integer NOT NULL,
	"generation" uuid NOT NULL,
	"replaces" uuid,
	"written_at" timestamp(6) with time zone DEFAULT now() NOT NULL,
	"confirmed_at" timestamp(6) with time zone,
	CONSTRAINT "queue_marker_one_row" CHECK ("queue_marker"."id" = 1)
);
