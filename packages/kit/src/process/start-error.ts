/** Why a process cannot start or go on, in words for whoever runs it: one line, without a value that was given. */
export class StartError extends Error {
  override readonly name = "StartError";
}
