import type { ArgumentsHost } from '@nestjs/common';
import type { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { IncompatibleDependencyError } from '../../../../lib/core/errors/index.js';
import { passFailuresThrough } from '../../../../lib/nest/exceptions/pass-failures-through.js';

const hostOf = (context: unknown) => ({ getArgByIndex: () => context }) as unknown as ArgumentsHost;

describe("Nest's last exception filter", () => {
  it('is refused where it has no catch(), with its version and what to do', () => {
    const attempt = (): void => passFailuresThrough({});
    expect(attempt).toThrow(IncompatibleDependencyError);
    expect(attempt).toThrow(
      /^@nestjs\/microservices \d+\.\d+\.\d+: BaseRpcExceptionFilter\.prototype\.catch must be a function, got undefined; install @nestjs\/microservices 11 or 12/,
    );
  });

  it("is left alone where it was refused, and calls its own catch() for another transport's context", () => {
    const calls: unknown[] = [];
    const prototype = {
      catch(this: object, exception: unknown) {
        calls.push([this, exception]);
        return of('answered');
      },
    };
    passFailuresThrough(prototype);
    const filter = Object.create(prototype) as { catch: BaseRpcExceptionFilter['catch'] };
    const thrown = new Error('sold out');
    filter.catch(thrown, hostOf({ socket: 1 }));
    expect(calls).toEqual([[filter, thrown]]);
  });

  it('is replaced once, whoever asks', () => {
    const prototype = { catch: () => of() };
    passFailuresThrough(prototype);
    const replaced = prototype.catch;
    passFailuresThrough(prototype);
    expect(prototype.catch).toBe(replaced);
  });
});
