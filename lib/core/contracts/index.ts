export { ContractRules } from './contract-rules.js';
export type { ContractOptions } from './contract-rules.js';
export { isClass, isStandardSchema } from './payload-checker.js';
export { firstVersion, payload, TypeOnlyPayload, VersionedPayload } from './payload-schema.js';
export type { InputOf, OutputOf, PayloadClass, PayloadSchema, PayloadVersion } from './payload-schema.js';
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.js';
