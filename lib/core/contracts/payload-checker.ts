import type { PayloadIssue } from '../errors/invalid-payload.error.js';
import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { CheckResult, PayloadChecker } from './check-result.js';
import { boundIssues } from './check-result.js';
import { dtoChecker } from './dto-checker.js';
import type { PayloadClass, PayloadSchema } from './payload-schema.js';
import { TypeOnlyPayload } from './payload-schema.js';
import type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.js';

const schemaExpected =
  'a Standard Schema (zod, valibot, arktype …), a class with class-validator decorators, payload<T>() or firstVersion(…)';

/**
 * Makes the check of a schema.
 * @throws InvalidOptionError (STAN_INVALID_OPTION), owner `defineEvents`
 */
export function toChecker(schema: PayloadSchema, option: string): PayloadChecker {
  if (isStandardSchema(schema)) return (value) => checkStandard(schema, value);
  if (schema instanceof TypeOnlyPayload) return (value) => ({ value });
  if (isClass(schema)) return dtoChecker(schema, option);
  throw new InvalidOptionError(option, schemaExpected, schema, { owner: 'defineEvents' });
}

/** @internal */
export function isStandardSchema(schema: unknown): schema is StandardSchema {
  const isHolder = (typeof schema === 'object' && schema !== null) || typeof schema === 'function';
  if (!isHolder || !('~standard' in schema)) return false;
  const standard: unknown = schema['~standard'];
  return typeof standard === 'object' && standard !== null && 'validate' in standard;
}

/** @internal */
export function isClass(value: unknown): value is PayloadClass {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

function checkStandard(schema: StandardSchema, value: unknown): CheckResult | Promise<CheckResult> {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(toResult) : toResult(result);
}

function toResult(result: StandardResult<unknown>): CheckResult {
  return result.issues === undefined ? { value: result.value } : { issues: boundIssues(result.issues.map(toIssue)) };
}

function toIssue({ message, path = [] }: StandardIssue): PayloadIssue {
  return { message, path: path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') };
}
