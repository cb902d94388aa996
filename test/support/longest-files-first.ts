/**
 * Begins the files that take longest, nearly all of it waiting, before all others, so that the rest of a run fills the
 * time in which they wait. Without it Vitest goes by the names of the projects, and they would end alone.
 */
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Those above 25 seconds on two cores, the longest first; a run names its slowest files at its end. */
const longest = [
  'test/e2e/course/course.spec.ts',
  'test/e2e/demos/demos.real.spec.ts',
  'test/e2e/sample-app/page.spec.ts',
  'test/e2e/sample-app/npm-start.spec.ts',
  'test/contract/differential/traces.real.spec.ts',
  'test/faults/fail-over.real.spec.ts',
  'test/faults/resume.spec.ts',
  'test/e2e/sample-app/crashes.spec.ts',
  'test/e2e/sample-app/crashes.real.spec.ts',
  'test/faults/counting-under-kills.spec.ts',
  'test/faults/reconnects.spec.ts',
  'test/e2e/demos/demos.spec.ts',
  'test/faults/transport-cut.spec.ts',
  'test/e2e/cli/asyncapi.spec.ts',
  'test/e2e/sample-app/jetstream.real.spec.ts',
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
  return rank === -1 ? longest.length : rank;
};

export default class LongestFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => rankOf(one) - rankOf(other));
  }
}
