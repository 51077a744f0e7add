// Thrown where this computer lacks something that a row or a peer needs. A reason, not a failure.
export class Skipped extends Error {}
