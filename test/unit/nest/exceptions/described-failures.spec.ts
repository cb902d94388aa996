import { BadRequestException, HttpException, ValidationPipe } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { IsEmail, IsInt, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { describe, expect, it } from 'vitest';

import { describeError } from '../../../../lib/core/errors/describe-error.js';
import { NonRetriableException, RetryLaterException } from '../../../../lib/index.js';
import { exceptionClassifier } from '../../../../lib/nest/exceptions/exception-classifier.js';

class Address {
  @IsInt()
  zip!: number;
}
class Order {
  @IsEmail()
  mail!: string;
  @IsInt()
  amount!: number;
  @ValidateNested()
  @Type(() => Address)
  address = new Address();
}

async function refusedBy(pipe: ValidationPipe): Promise<unknown> {
  const metadata = { type: 'body', metatype: Order } as const;
  return pipe
    .transform({ mail: 'x', amount: 'many', address: { zip: 'y' } }, metadata)
    .catch((error: unknown) => error);
}

describe('what a failure is said to be', () => {
  it("lists the fields that Nest's ValidationPipe refuses", async () => {
    expect(describeError(await refusedBy(new ValidationPipe())).message).toBe(
      'mail must be an email; amount must be an integer number; address.zip must be an integer number',
    );
  });

  it.each([
    ['RpcException', (errors: object[]) => new RpcException(errors)],
    ['NonRetriableException', (errors: object[]) => new NonRetriableException(errors)],
  ])('lists them where an exceptionFactory makes a %s of them', async (_name, exceptionFactory) => {
    const error = await refusedBy(new ValidationPipe({ exceptionFactory }));
    expect(describeError(error).message).toBe(
      'mail must be an email; amount must be an integer number; zip must be an integer number',
    );
    expect(exceptionClassifier.isFinal(error)).toBe(true);
  });

  it.each([
    [new RpcException({ code: 7, reason: 'sold out' }), '{"code":7,"reason":"sold out"}'],
    [new RpcException({ message: 'sold out' }), 'sold out'],
    [new RpcException('sold out'), 'sold out'],
    [new NonRetriableException({ code: 7 }), '{"code":7}'],
    [new RetryLaterException(5, 'too early'), 'too early'],
    [new BadRequestException('no amount'), 'no amount'],
    [new BadRequestException(['a', 'b']), 'a; b'],
    [new BadRequestException({ code: 7 }), '{"code":7}'],
    [new HttpException({ message: 'gone', id: 3 }, 410), '{"message":"gone","id":3}'],
  ])('is what the exception carries: %o', (error, message) => {
    expect(describeError(error).message).toBe(message);
  });

  it('is never the end of it: an exception that cannot be asked has its message', () => {
    const circular: { self?: object } = {};
    circular.self = circular;
    const mean = Object.assign(new Error('plain'), {
      getResponse: () => {
        throw new Error('no');
      },
    });
    expect(describeError(mean).message).toBe('plain');
    expect(describeError(new RpcException(circular)).message).not.toBe('');
    expect(describeError(new RpcException({ text: 'x'.repeat(100_000) })).message.length).toBeLessThan(3_000);
  });
});

describe('a failed validation', () => {
  it.each([
    [new BadRequestException(), true],
    [new HttpException('no', 422), true],
    [new HttpException('no', 500), false],
    [new RpcException([]), false],
    [new RpcException([{ property: 'a' }]), false],
    [new RpcException([{ property: 'a', constraints: { isInt: 'no' } }]), true],
    [new RpcException([{ property: 'a', children: [] }]), true],
    [new Error('no'), false],
    [undefined, false],
    [{ getStatus: () => 400 }, false],
  ])('%o is final: %s', (error, isFinal) => {
    expect(exceptionClassifier.isFinal(error)).toBe(isFinal);
  });
});
