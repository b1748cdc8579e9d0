#!/usr/bin/env node
// Runs the command from its sources: no build step between an edit and a run.
import { register } from "tsx/esm/api";

register();
await import("../src/main.ts");
