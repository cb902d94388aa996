import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';

import { IncompatibleDependencyError } from '../../core/errors/incompatible-dependency.error.js';
import { installedVersion } from '../../core/errors/installed-version.js';
import { isStanContext } from '../context/stan.context.js';

const alreadyDone = Symbol.for('nestjs-stan.failurePassthrough');

/** The range of our peer dependency. */
const testedVersion = '11 or 12';

type Catch = (this: unknown, exception: unknown, host: ArgumentsHost) => Observable<never>;

/**
 * Lets the failure of a STAN handler reach the transport as it was thrown.
 *
 * Nest's last exception filter turns every unknown error into "Internal server error" and logs it: that mapping is meant
 * for RPC replies to untrusted callers, and an event has no reply. Without the original no dead letter could name its
 * cause, and every redelivery of a poison event would log the same stack again. Nest gives a transport no other place to
 * see the original (12.1.1, context/rpc-proxy.js). Handlers of other transports keep Nest's behaviour: the context of the
 * call tells them apart.
 * @throws IncompatibleDependencyError (STAN_INCOMPATIBLE_DEPENDENCY) where Nest's filter has no such method
 */
export function passFailuresThrough(prototype: object = BaseRpcExceptionFilter.prototype): void {
  if (Object.hasOwn(prototype, alreadyDone)) return;
  const original: unknown = Reflect.get(prototype, 'catch');
  assertCatch(original);
  const replacement: Catch = function (exception, host) {
    if (isStanContext(host.getArgByIndex<unknown>(1))) return throwError(() => exception);
    return Reflect.apply(original, this, [exception, host]);
  };
  Object.defineProperty(prototype, 'catch', { value: replacement, configurable: true, writable: true });
  Object.defineProperty(prototype, alreadyDone, { value: true });
}

function assertCatch(original: unknown): asserts original is Catch {
  if (typeof original === 'function') return;
  const dependency = '@nestjs/microservices';
  const version = installedVersion(dependency);
  const member = 'BaseRpcExceptionFilter.prototype.catch';
  throw new IncompatibleDependencyError(
    { dependency, version, testedVersion, member, expected: 'a function' },
    { got: original },
  );
}
