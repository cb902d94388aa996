import type { PayloadIssue } from '../errors/invalid-payload.error.js';

/** What a check found: the schema's output, or what is wrong. */
export type CheckResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly PayloadIssue[] };

/** Checks one payload; only schemas that work asynchronously answer with a promise. */
export type PayloadChecker = (value: unknown) => CheckResult | Promise<CheckResult>;

const maxIssues = 20;
const maxTextLength = 300;

/** Cuts what a schema says to what may be kept and printed. */
export function boundIssues(issues: readonly PayloadIssue[]): readonly PayloadIssue[] {
  return issues.slice(0, maxIssues).map(({ path, message }) => ({ path: cut(path), message: cut(message) }));
}

function cut(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}
