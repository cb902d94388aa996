import { subjectProblem } from '../options/subject.js';

// The bound keeps an app that makes up a subject per event from growing the memory of it.
const maxRemembered = 1_000;

/**
 * Says what is wrong with a subject to publish to. Good ones are remembered, since an app publishes to few.
 * @internal
 */
export class PublishSubjects {
  private readonly good = new Set<string>();

  /** What is wrong with it, completing "it is illegal: …"; `undefined` where it is legal. */
  problemOf(subject: string): string | undefined {
    if (this.good.has(subject)) return undefined;
    const problem = subjectProblem(subject);
    if (problem === undefined) this.remember(subject);
    return problem;
  }

  private remember(subject: string): void {
    if (this.good.size >= maxRemembered) this.good.clear();
    this.good.add(subject);
  }
}
