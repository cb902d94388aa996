import { subjectProblem } from '../options/subject.js';

// The bound keeps an app that makes up a subject per event from growing the memory of it.
const maxCached = 1_000;

/**
 * Says what is wrong with a subject to publish to. Valid subjects are cached, since an app publishes to few.
 * @internal
 */
export class PublishSubjects {
  private readonly valid = new Set<string>();

  /** `check` says what is wrong with a subject; `undefined` where it is legal. */
  constructor(private readonly check: (subject: string) => string | undefined = subjectProblem) {}

  /** What is wrong with it, completing "it is illegal: …"; `undefined` where it is legal. */
  problemOf(subject: string): string | undefined {
    if (this.valid.has(subject)) return undefined;
    const problem = this.check(subject);
    if (problem === undefined) this.cache(subject);
    return problem;
  }

  private cache(subject: string): void {
    if (this.valid.size >= maxCached) this.valid.clear();
    this.valid.add(subject);
  }
}
