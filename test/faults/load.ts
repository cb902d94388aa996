import type { StanError } from 'nestjs-stan';

interface Emitter {
  emitAsync(subject: string, value: unknown): Promise<{ readonly attempts: number }>;
}

/** Ids that are published one after the other, many at a time, until somebody says stop. */
export interface Load {
  /** Ids whose publish has resolved, in the order of resolving. */
  readonly resolved: readonly number[];
  /** Ids whose publish has rejected, with the error. */
  readonly rejected: readonly { readonly id: number; readonly error: StanError }[];
  /** Ids whose receipt says that it was sent more than once. */
  readonly sentAgain: ReadonlySet<number>;
  /** Publishes nothing more; resolves when the last is settled. */
  stop(): Promise<void>;
  /** Resolves when `count` are published and settled. */
  readonly done: Promise<void>;
}

/** How a {@link Load} publishes. */
export interface LoadOptions {
  /** Ids 0 to `count - 1`. @defaultValue Infinity, until `stop()` */
  readonly count?: number;
  /** Publishes that are open at a time. @defaultValue 20 */
  readonly width?: number;
}

/** Starts to publish ids to `subject`. */
export function startLoad(client: Emitter, subject: string, { count = Infinity, width = 20 }: LoadOptions = {}): Load {
  const resolved: number[] = [];
  const rejected: { id: number; error: StanError }[] = [];
  const sentAgain = new Set<number>();
  let next = 0;
  let stopped = false;

  const publishOne = async (id: number) => {
    await client.emitAsync(subject, id).then(
      ({ attempts }) => {
        resolved.push(id);
        if (attempts > 1) sentAgain.add(id);
      },
      (error: unknown) => void rejected.push({ id, error: error as StanError }),
    );
  };
  const publishOn = async () => {
    while (!stopped && next < count) {
      next += 1;
      await publishOne(next - 1);
    }
  };
  const done = Promise.all(Array.from({ length: width }, publishOn)).then(() => undefined);
  return {
    resolved,
    rejected,
    sentAgain,
    done,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}
