/**
 * The event cannot be applied to what is stored now, but as soon as another event has been handled it can: worth a
 * quick second try in the process, and otherwise left for the server to deliver again.
 */
export abstract class EventConflictError extends Error {}
