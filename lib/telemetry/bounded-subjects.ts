/** Subjects with a value of their own in metrics. */
const maxSubjects = 200;

/**
 * Subjects as values in metrics: an app that makes up a subject per event must not grow them without end. The first 200
 * have a value of their own, all others are `other`.
 * @internal
 */
export class BoundedSubjects {
  private readonly known = new Set<string>();

  labelOf(subject: string): string {
    if (this.known.has(subject)) return subject;
    if (this.known.size >= maxSubjects) return 'other';
    this.known.add(subject);
    return subject;
  }
}
