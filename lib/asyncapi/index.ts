/* The entry point nestjs-stan/asyncapi: documents of an app's events, and what breaks between two of them. */
export { createAsyncApiDocument } from './create-document.js';
export type {
  AsyncApiChannel,
  AsyncApiDocument,
  AsyncApiMessage,
  AsyncApiOperation,
  AsyncApiOptions,
} from './create-document.js';
export { findBreakingChanges } from './find-breaking-changes.js';
export type { BreakingChange } from './find-breaking-changes.js';
export type { JsonSchema } from './json-schema.js';
export { AsyncApiError } from '../core/errors/index.js';
