import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Starts the files that run servers before the others: they take up to minutes, not a second, and nothing should be
 * left at the end that one worker runs while the others have nothing to do.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ project, moduleId }: TestSpecification) =>
      project.name === 'e2e' || moduleId.endsWith('.server.test.ts');
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
