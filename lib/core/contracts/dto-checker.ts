import { createRequire } from 'node:module';
import type * as classValidator from 'class-validator';
import type { MetadataStorage, ValidationError, ValidatorOptions } from 'class-validator';
import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { PayloadIssue } from '../errors/invalid-payload.error.js';
import type { CheckResult, PayloadChecker } from './check-result.js';
import { boundIssues } from './check-result.js';
import type { PayloadClass } from './payload-schema.js';

type ClassValidator = Pick<typeof classValidator, 'getMetadataStorage' | 'validate' | 'validateSync'>;

/** As much of class-transformer as is used. */
interface ClassTransformer {
  plainToInstance(type: PayloadClass, value: unknown): unknown;
}

const validatorOptions: ValidatorOptions = { whitelist: true, forbidUnknownValues: true };
const owner = 'defineEvents';

/**
 * Checks payloads by a class with class-validator's decorators. A handler gets an instance of it, without properties that
 * the class does not declare.
 * @throws InvalidOptionError where the class has no decorators, or class-validator or class-transformer is not installed
 */
export function dtoChecker(type: PayloadClass, option: string): PayloadChecker {
  const { getMetadataStorage, validate, validateSync } = loadClassValidator(option);
  const storage = getMetadataStorage();
  const metadata = storage.getTargetValidationMetadatas(type, '', false, false);
  if (metadata.length === 0)
    throw new InvalidOptionError(
      option,
      "a class with class-validator's decorators: without any, it refuses every value",
      type,
      { owner },
    );
  const transformer = loadClassTransformer(option);
  const isAsync = hasAsyncConstraints(storage, type, new Set());
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { issues: [{ path: '', message: 'expected an object' }] };
    const instance = transformer.plainToInstance(type, value) as object;
    if (!isAsync) return toResult(instance, validateSync(instance, validatorOptions));
    return validate(instance, validatorOptions).then((errors) => toResult(instance, errors));
  };
}

function toResult(instance: object, errors: readonly ValidationError[]): CheckResult {
  return errors.length === 0 ? { value: instance } : { issues: boundIssues(flatten(errors, '')) };
}

function flatten(errors: readonly ValidationError[], parent: string): PayloadIssue[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = parent === '' ? property : `${parent}.${property}`;
    const own = Object.values(constraints).map((message) => ({ path, message }));
    return [...own, ...flatten(children, path)];
  });
}

/**
 * Loaded when a class is used in a contract, and by nobody else: it is some 320 files, a sixth of a service's start. A
 * class with decorators has loaded the same one; where there are two copies, they share what the decorators have noted.
 */
function loadClassValidator(option: string): ClassValidator {
  try {
    return createRequire(import.meta.url)('class-validator') as ClassValidator;
  } catch (cause) {
    throw notInstalled('class-validator', option, cause);
  }
}

/** As class-validator is. */
function loadClassTransformer(option: string): ClassTransformer {
  try {
    return createRequire(import.meta.url)('class-transformer') as ClassTransformer;
  } catch (cause) {
    throw notInstalled('class-transformer', option, cause);
  }
}

function notInstalled(name: string, option: string, cause: unknown): InvalidOptionError {
  return new InvalidOptionError(option, `${name} beside a class: npm i ${name}`, undefined, { owner, cause });
}

/** `validateSync` passes over asynchronous validators without a word. */
function hasAsyncConstraints(storage: MetadataStorage, type: PayloadClass, seen: Set<unknown>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return storage
    .getTargetValidationMetadatas(type, '', false, false)
    .some(({ constraintCls, propertyName, type: kind }) => {
      const constraints = storage.getTargetValidatorConstraints(constraintCls);
      if (constraints.some(({ async }) => async)) return true;
      return kind === 'nestedValidation' && hasAsyncConstraintsBelow(storage, type, propertyName, seen);
    });
}

function hasAsyncConstraintsBelow(
  storage: MetadataStorage,
  type: PayloadClass,
  property: string,
  seen: Set<unknown>,
): boolean {
  const nested: unknown = Reflect.getMetadata('design:type', type.prototype as object, property);
  // The class of an array's elements is known to class-transformer alone: better a promise too many.
  if (typeof nested !== 'function' || nested === Array || nested === Object) return true;
  return hasAsyncConstraints(storage, nested as PayloadClass, seen);
}
