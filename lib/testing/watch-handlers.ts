import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, tap } from 'rxjs';
import { isStanContext } from '../nest/context/stan.context.js';
import type { StanContext } from '../nest/context/stan.context.js';
import type { ServerStan } from '../nest/server/server-stan.js';

/** Told how one run of a handler ended. @internal */
export interface HandlerWatcher {
  handled(data: unknown, context: StanContext): void;
  failed(data: unknown, context: StanContext, error: unknown): void;
}

/**
 * Has a server tell about every run of its handlers. To be called before Nest gives it the handlers, that is before the
 * app listens.
 * @internal
 */
export function watchHandlers(server: ServerStan, watcher: HandlerWatcher): void {
  const addHandler = server.addHandler.bind(server);
  server.addHandler = (pattern, callback, isEventHandler, extras) =>
    addHandler(pattern, watched(callback, watcher), isEventHandler, extras);
}

function watched(callback: MessageHandler, watcher: HandlerWatcher): MessageHandler {
  const run = async (data: unknown, context: unknown): Promise<unknown> => {
    const result: unknown = await callback(data, context);
    if (!isStanContext(context)) return result;
    if (!isObservable(result)) {
      watcher.handled(data, context);
      return result;
    }
    // Nest turns what a handler throws into a stream that errors, so its end tells.
    return result.pipe(
      tap({
        complete: () => watcher.handled(data, context),
        error: (error: unknown) => watcher.failed(data, context, error),
      }),
    );
  };
  // Nest keeps what it knows of a handler on the function itself.
  return Object.assign(run, callback) as MessageHandler;
}
