/* Checked by the compiler with `declaration: true`: an inferred contract can be exported, whatever its schemas are [C4]. */
import { type as ark } from 'arktype';
import { IsString } from 'class-validator';
import type { EmittedBy } from 'nestjs-stan';
import { defineEvents, firstVersion, payload } from 'nestjs-stan';
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

export class Dto {
  @IsString()
  readonly id!: string;
}

export const everyKind = defineEvents({
  zod: z.object({ at: z.string().transform((text) => text.length) }),
  valibot: v.object({ id: v.string() }),
  arktype: ark({ id: 'string' }),
  class: Dto,
  compiler: payload<{ readonly id: string }>(),
  versions: firstVersion(Dto).next(z.object({ id: z.string(), price: z.number() }), (old) => ({
    id: old.id,
    price: 0,
  })),
});

expectTypeOf<EmittedBy<typeof everyKind>['zod']>().toEqualTypeOf<{ at: string }>();
expectTypeOf(everyKind.handled.zod).toEqualTypeOf<{ at: number }>();
expectTypeOf(everyKind.handled.arktype).toEqualTypeOf<{ id: string }>();
expectTypeOf(everyKind.emitted.versions).toEqualTypeOf<{ id: string; price: number }>();
