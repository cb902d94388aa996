import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { StanMetrics } from '../../../lib/telemetry/prometheus/index.js';
import { readInfra } from './manifests.js';

interface Board {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const board = JSON.parse(readInfra('observability/grafana-dashboard.json')) as Board;
const rules = (parse(readInfra('observability/alert-rules.yml')) as Rules).groups.flatMap((group) => group.rules);
const queries = [
  ...board.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
];

describe('the board and the alert rules of infra/observability', () => {
  it.each(queries)(
    '%s: the query parses, and asks for metrics that there are, by labels that they have',
    (_, query) => {
      const { metrics } = readQuery(query);
      const real = realMetrics();
      expect(metrics.length).toBeGreaterThan(0);
      for (const { name, labels } of metrics) {
        expect([...real.keys()]).toContain(name);
        for (const label of labels) expect([...(real.get(name) ?? []), ...fromPrometheus]).toContain(label);
      }
      for (const label of groupingsOf(query)) {
        const known = metrics.flatMap(({ name }) => real.get(name) ?? []);
        expect([...known, ...fromPrometheus]).toContain(label);
      }
    },
  );

  it('show every metric somewhere, and have each panel and alert once', () => {
    const shown = new Set(queries.flatMap(([, query]) => readQuery(query).metrics.map(({ name }) => name)));
    const missing = [...realMetrics().keys()].filter((name) => !shown.has(name) && !/_(sum|count)$/.test(name));
    expect(missing).toEqual([]);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(new Set(board.panels.map(({ title }) => title)).size).toBe(board.panels.length);
  });

  it.each([
    'sum by (job (stan_session_up)',
    'rate(stan_handled_total)[5m]',
    'sum(stan_session_up{a=})',
    'nosuch(stan_session_up)',
  ])('are checked: %s does not parse', (query) => {
    expect(() => readQuery(query)).toThrow();
  });
});

/** Labels that Prometheus itself adds. */
const fromPrometheus = ['job', 'instance', 'le'];

/** The series that a registry really has, with the labels of each. */
function realMetrics(): Map<string, readonly string[]> {
  const registry = new Registry();
  const metrics = new StanMetrics({ registry });
  const found = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[]; buckets?: unknown }[];
  metrics.close();
  const series = found.flatMap(({ name, labelNames, buckets }): [string, readonly string[]][] =>
    buckets === undefined
      ? [[name, labelNames]]
      : ['bucket', 'sum', 'count'].map((part) => [`${name}_${part}`, [...labelNames, 'le']]),
  );
  return new Map(series);
}

function groupingsOf(query: string): string[] {
  return [...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((it) => it.trim()));
}

interface Selector {
  readonly name: string;
  readonly labels: readonly string[];
}

const functions = ['rate', 'increase', 'deriv', 'histogram_quantile'];
const aggregations = ['sum', 'min', 'max'];

/** Reads the part of PromQL that these queries need. @throws Error where it is not that */
function readQuery(query: string): { readonly metrics: readonly Selector[] } {
  const tokens = query.match(/"[^"]*"|\$?[A-Za-z_][\w]*|[\d.]+[a-z]?|=~|==|>=|<=|!=|[(){}[\],=<>/*+-]|\$/g) ?? [];
  const metrics: Selector[] = [];
  let at = 0;
  const take = (wanted?: string): string => {
    const token = tokens[at];
    if (token === undefined || (wanted !== undefined && token !== wanted))
      throw new Error(`expected ${wanted ?? 'more'} at ${at} of ${query}, got ${String(token)}`);
    at += 1;
    return token;
  };
  const list = (end: string, item: () => void): void => {
    while (tokens[at] !== end) {
      item();
      if (tokens[at] !== end) take(',');
    }
    take(end);
  };
  /** Whether it is a range vector. */
  const selector = (name: string): boolean => {
    const labels: string[] = [];
    if (tokens[at] === '{') {
      take('{');
      list('}', () => {
        labels.push(take());
        if (!['=', '=~'].includes(take())) throw new Error(`no matcher in ${query}`);
        if (!take().startsWith('"')) throw new Error(`no text in ${query}`);
      });
    }
    metrics.push({ name, labels });
    if (tokens[at] !== '[') return false;
    take('[');
    if (!/^(\d+[smh]|\$__rate_interval)$/.test(take())) throw new Error(`no range in ${query}`);
    take(']');
    return true;
  };
  const operand = (): boolean => {
    const token = take();
    if (/^[\d.]+$/.test(token)) return false;
    if (token === '(') {
      const isRange = expression();
      take(')');
      return isRange;
    }
    if (aggregations.includes(token)) {
      if (tokens[at] === 'by') {
        take('by');
        take('(');
        list(')', () => void take());
      }
      take('(');
      if (expression()) throw new Error(`an aggregation of a range in ${query}`);
      take(')');
      return false;
    }
    if (tokens[at] === '(') {
      if (!functions.includes(token)) throw new Error(`unknown function ${token}`);
      take('(');
      const ranges: boolean[] = [];
      list(')', () => void ranges.push(expression()));
      if (ranges.at(-1) !== (token !== 'histogram_quantile')) throw new Error(`${token} of no range in ${query}`);
      return false;
    }
    if (!/^[a-z_]\w*$/.test(token)) throw new Error(`unexpected ${token} in ${query}`);
    return selector(token);
  };
  const expression = (): boolean => {
    let isRange = operand();
    while (['/', '*', '+', '-', '>', '<', '==', 'and', 'or'].includes(tokens[at] ?? '')) {
      take();
      isRange = operand();
    }
    return isRange;
  };
  if (expression() || at < tokens.length) throw new Error(`${query} is no instant query, or goes on after its end`);
  return { metrics };
}
