import type { ArgumentsHost } from '@nestjs/common';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';

import { isStanContext } from '../context/stan.context.js';

const alreadyDone = Symbol.for('nestjs-stan.failurePassthrough');

/**
 * Lets the failure of a STAN handler reach the transport as it was thrown.
 *
 * Nest's last exception filter turns every unknown error into "Internal server error" and logs it: made for replies to
 * strangers, and an event has none. Without the original no dead letter could tell its cause, and every redelivery of a
 * poison event would log the same stack again. Nest gives a transport no other place to see the original (12.1.1,
 * context/rpc-proxy.js). Handlers of other transports keep Nest's behaviour, told apart by their context.
 */
export function passFailuresThrough(): void {
  const prototype = BaseRpcExceptionFilter.prototype;
  if (Object.hasOwn(prototype, alreadyDone)) return;
  Object.defineProperty(prototype, alreadyDone, { value: true });
  const original: unknown = Reflect.get(prototype, 'catch');
  const replacement = function (this: unknown, exception: unknown, host: ArgumentsHost): Observable<never> {
    if (isStanContext(host.getArgByIndex<unknown>(1))) return throwError(() => exception);
    return Reflect.apply(original as typeof replacement, this, [exception, host]);
  };
  Object.defineProperty(prototype, 'catch', { value: replacement, configurable: true, writable: true });
}
