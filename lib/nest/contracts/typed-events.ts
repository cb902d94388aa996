/* eslint-disable @typescript-eslint/no-explicit-any -- without a contract any subject and any payload is taken */

/**
 * The subjects of a map of events; any for a client without a contract.
 * @publicApi
 */
export type SubjectOf<TEvents> = string extends keyof TEvents ? any : keyof TEvents & string;

/**
 * The payload of a subject.
 * @publicApi
 */
export type PayloadOf<TEvents, Subject> = TEvents[Subject & keyof TEvents];
