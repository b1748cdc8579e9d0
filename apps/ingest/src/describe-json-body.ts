import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";

type BodyContract = NonNullable<NonNullable<RouteConfig["request"]>["body"]>;
type ContentSchema = Extract<BodyContract["content"][string], { schema: unknown }>["schema"];

/**
 * Describe a request's body in the OpenAPI contract by its zod schema, without having the framework validate it: the
 * order in which a body is judged is the contract's, and its errors have texts of their own.
 */
export function describeJsonBody(schema: z.ZodType, example: unknown): BodyContract {
  const {
    $schema: _,
    "~standard": __,
    ...described
  } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const mediaType = { schema: described as ContentSchema, example };
  return { required: true, content: { "application/json": mediaType } };
}
