import { z } from "@hono/zod-openapi";

/** The answer to one body that is durable. */
export const Accepted = z
  .object({
    status: z.literal("accepted"),
    receipt: z.uuid().openapi({
      description: "The body's own id, a UUIDv7: what became of it is asked under this.",
      example: "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f",
    }),
  })
  .openapi("Accepted");
