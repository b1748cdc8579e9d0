/** A post of events that is accepted when it is sent as it stands. */
export const exampleEvents = {
  session: { harness_id: "claude", harness_session_id: "spiders-1" },
  events: [
    {
      id: "run-7-started",
      type: "run_started",
      occurred_at: "2026-11-21T07:10:00.250Z",
      run_id: "run-7",
      metadata: { trigger: "user" },
    },
    { id: "run-7-failed", type: "run_failed", run_id: "run-7", message: "The tool server went away." },
  ],
} as const;
