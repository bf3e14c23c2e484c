import { expect, test } from 'vitest';
import { countResults } from './test-runner.mjs';

const report = (more: object) => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...more,
});

test('adds up what vitest counted', () => {
  const counted = report({ numPassedTests: 5, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 });
  expect(countResults(counted, 1)).toEqual({ passed: 5, failed: 2, skipped: 2 });
});

test('counts a file that could not be loaded as failed', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ];
  expect(countResults(report({ numPassedTests: 1, testResults }), 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test('counts a file with a failed test once per test', () => {
  const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }];
  expect(countResults(report({ numFailedTests: 1, testResults }), 1)).toEqual({
    passed: 0,
    failed: 1,
    skipped: 0,
  });
});

test('never looks better than the exit code', () => {
  expect(countResults(report({ numPassedTests: 3 }), 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  expect(countResults(null, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
