interface PendingEncoding {
  /** What becomes of it once all before it are done; `undefined` while its serializer works. */
  proceed: (() => void) | undefined;
  abort(): void;
}

/**
 * Events whose serializer answers with a promise: each goes on in the order in which it came, whichever serializer is
 * done first.
 * @internal
 */
export class PendingEncodings {
  /** In the order of arrival. */
  private readonly pending = new Set<PendingEncoding>();
  private whenEmpty: (() => void)[] = [];

  get count(): number {
    return this.pending.size;
  }

  /** Waits for `bytes`; then calls one of the callbacks, in turn. `abort` is called instead where {@link abort} comes first. */
  add(
    bytes: Buffer | Promise<Buffer>,
    on: { encoded(bytes: Buffer): void; failed(error: unknown): void; aborted(): void },
  ): void {
    const item: PendingEncoding = { proceed: undefined, abort: () => on.aborted() };
    this.pending.add(item);
    const settle = (proceed: () => void): void => {
      item.proceed = proceed;
      this.advance();
    };
    void Promise.resolve(bytes).then(
      (encoded) => settle(() => on.encoded(encoded)),
      (error: unknown) => settle(() => on.failed(error)),
    );
  }

  /** Resolves once none is pending. */
  drain(): Promise<void> {
    if (this.pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenEmpty.push(resolve));
  }

  /** Lets go of all that are pending. */
  abort(): void {
    const aborted = [...this.pending];
    this.pending.clear();
    for (const item of aborted) item.abort();
    this.tellEmpty();
  }

  private advance(): void {
    for (const item of this.pending) {
      if (item.proceed === undefined) return;
      this.pending.delete(item);
      item.proceed();
    }
    this.tellEmpty();
  }

  private tellEmpty(): void {
    for (const resolve of this.whenEmpty.splice(0)) resolve();
  }
}
