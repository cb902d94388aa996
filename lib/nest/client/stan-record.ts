import { hasBrand, setBrand } from '../../core/errors/brand.js';
import type { StanEmitOptions } from '../../core/wire/index.js';

/**
 * An event with its id, key and headers, as `emit()` takes it in place of the bare data; made by
 * {@link StanRecordBuilder}.
 * @publicApi
 */
export class StanRecord<Data = unknown> {
  static {
    setBrand(this, 'StanRecord');
  }

  constructor(
    readonly data: Data,
    readonly options: StanEmitOptions,
  ) {}
}

/**
 * Nest's way to give an event headers, for `emit()`; `emitAsync()` takes them as its third argument as well.
 * @publicApi
 */
export class StanRecordBuilder<Data = unknown> {
  private readonly headers = new Map<string, string>();
  private id: string | undefined;
  private key: string | undefined;

  constructor(private data: Data) {}

  setData(data: Data): this {
    this.data = data;
    return this;
  }

  /** See `StanEmitOptions.id`. */
  setId(id: string): this {
    this.id = id;
    return this;
  }

  /** See `StanEmitOptions.key`. */
  setKey(key: string): this {
    this.key = key;
    return this;
  }

  /** Sets one header, over one of the same name; see `StanEmitOptions.headers`. */
  setHeader(name: string, value: string): this {
    this.headers.set(name, value);
    return this;
  }

  /** A record of what was set so far; what is set later does not change it. */
  build(): StanRecord<Data> {
    const { data, id, key } = this;
    return new StanRecord(data, { id, key, headers: new Map(this.headers) });
  }
}

/** Of any copy of this package. @internal */
export function isStanRecord(value: unknown): value is StanRecord {
  return hasBrand(value, 'StanRecord');
}
