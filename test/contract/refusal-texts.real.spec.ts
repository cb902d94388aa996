import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { publishRefusals, raftTextsOfOtherCalls } from '../support/publish-refusals.js';
import { findRealServer } from '../support/real-server.js';

const binary = findRealServer();

describe.skipIf(!binary?.includes('/'))('the real server', () => {
  it('has every text that a refusal is told by, letter by letter', () => {
    const program = readFileSync(binary ?? '');
    const texts = [...publishRefusals.map(({ text }) => text), ...raftTextsOfOtherCalls];
    expect(texts.filter((text) => !program.includes(text))).toEqual([]);
  });
});
