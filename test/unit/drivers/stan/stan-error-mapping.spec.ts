import { describe, expect, it } from 'vitest';

import { ConnectFailedError, ConnectTimeoutError } from '../../../../lib/core/errors/index.js';
import { DuplicateClientIdError } from '../../../../lib/core/errors/index.js';
import { resolveConnectionOptions } from '../../../../lib/core/options/index.js';
import { textOf, toConnectError, toErrorOptions } from '../../../../lib/drivers/stan/stan-error-mapping.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const options = resolveConnectionOptions({ clusterId: 'test-cluster', clientId: 'orders' }, stanOptionNames);

describe('what the package emits as an error', () => {
  it.each([
    [new RangeError('too far'), 'too far'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [{ code: 7 }, '[object Object]'],
  ])('has a text, whatever it is: %s', (emitted, text) => {
    expect(textOf(emitted)).toBe(text);
  });

  it('is the cause of our error where it is one itself', () => {
    const emitted = new Error('stan: clientID already registered');
    expect(toErrorOptions(emitted)).toEqual({ cause: emitted });
    expect(Object.keys(toErrorOptions('a text'))).toEqual([]);
    expect(toConnectError(emitted, options)).toMatchObject({ cause: emitted, clientId: 'orders' });
  });

  it.each([
    ['stan: clientID already registered', DuplicateClientIdError, true],
    ['stan: connect request timeout', ConnectTimeoutError, true],
    ["'Authorization Violation'", ConnectFailedError, false],
    ['stan: invalid clientID', ConnectFailedError, false],
    ['stan: nkey is not known', ConnectFailedError, false],
    ['Could not connect to server: Error: connect ECONNREFUSED', ConnectFailedError, true],
  ])('says whether another attempt may succeed: %s', (text, kind, retryable) => {
    const error = toConnectError(new Error(text), options);
    expect(error).toBeInstanceOf(kind);
    expect(error.retryable).toBe(retryable);
    expect(error.cause).toMatchObject({ message: text });
  });
});
