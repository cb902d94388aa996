/** Longer details help nobody in a log line. */
const maxDetailLength = 2_000;

/** What every HttpException's response has; only `message` says more than its class. */
const httpFields: readonly string[] = ['message', 'statusCode', 'error'];

/** What Nest's exceptions carry besides their message (HttpException, RpcException), known by shape: core has no Nest. */
interface DetailedException {
  readonly message?: unknown;
  readonly getResponse?: unknown;
  readonly getError?: unknown;
}

/**
 * What an exception of Nest's really says: its message is "Bad Request Exception" where a validation lists each field, and
 * "Rpc Exception" where it was made of an object. `undefined` where the message says it all. Never throws.
 * @internal
 */
export function errorDetail(error: unknown): string | undefined {
  try {
    const { message, getResponse, getError } = error as DetailedException;
    const given: unknown = callOn(error, getResponse) ?? callOn(error, getError);
    if (typeof given !== 'object' || given === null) return undefined;
    const text = textOf(given);
    return text === message ? undefined : text.slice(0, maxDetailLength);
  } catch {
    return undefined;
  }
}

/**
 * The list of validation errors that an exception was made of, as `exceptionFactory` of Nest's ValidationPipe gets it.
 * @internal
 */
export function isValidationFailure(error: unknown): boolean {
  try {
    const given = callOn(error, (error as DetailedException).getError);
    return Array.isArray(given) && given.length > 0 && given.every(isFieldError);
  } catch {
    return false;
  }
}

function callOn(owner: unknown, method: unknown): unknown {
  return typeof method === 'function' ? (Reflect.apply(method, owner, []) as unknown) : undefined;
}

function textOf(given: object): string {
  if (Array.isArray(given))
    return given.every(isFieldError) ? given.flatMap(fieldTexts).join('; ') : JSON.stringify(given);
  const { message } = given as { message?: unknown };
  if (!Object.keys(given).every((name) => httpFields.includes(name))) return JSON.stringify(given);
  if (typeof message === 'string') return message;
  if (Array.isArray(message) && message.every((line) => typeof line === 'string')) return message.join('; ');
  return JSON.stringify(given);
}

/** class-validator's ValidationError, by shape. */
interface FieldError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly FieldError[];
}

function isFieldError(value: unknown): value is FieldError {
  if (typeof value !== 'object' || value === null) return false;
  const { property, constraints, children } = value as Partial<Record<keyof FieldError, unknown>>;
  return typeof property === 'string' && (typeof constraints === 'object' || Array.isArray(children));
}

function fieldTexts({ constraints = {}, children = [] }: FieldError): string[] {
  return [...Object.values(constraints), ...children.flatMap(fieldTexts)];
}
