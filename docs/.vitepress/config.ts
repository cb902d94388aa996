import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';

const guide = {
  text: 'Guide',
  items: [
    ['Listening', 'listening'],
    ['Acknowledging', 'acknowledging'],
    ['When a handler fails', 'failures'],
    ['Publishing', 'publishing'],
    ['Sessions', 'sessions'],
    ['Applications', 'applications'],
    ['Health and monitoring', 'monitoring'],
    ['Errors', 'errors'],
    ['Options', 'options'],
  ].map(([text, page]) => ({ text, link: `/guide/${page}` })),
};

const topics = {
  text: 'Topics',
  items: [
    ['Every event counts once', 'every-event-counts-once'],
    ['Typed events', 'contracts'],
    ['Dead letters', 'dead-letters'],
    ['Observability', 'observability'],
    ['Testing', 'testing'],
    ['In production', 'production'],
    ['Benchmarks', 'benchmarks'],
    ['Protocol rules', 'protocol'],
  ].flatMap(([text, page]) =>
    existsSync(join(import.meta.dirname, '..', `${page}.md`)) ? [{ text, link: `/${page}` }] : [],
  ),
};

const moving = {
  text: 'Moving',
  items: [
    { text: 'Migrating to nestjs-stan', link: '/migrating' },
    { text: 'Leaving STAN', link: '/leaving-stan' },
  ],
};

/** Written by typedoc before the site is built. */
const apiPages = join(import.meta.dirname, '../api/typedoc-sidebar.json');

export default defineConfig({
  title: 'nestjs-stan',
  description: 'The NestJS transport for NATS Streaming, and the way out of it',
  cleanUrls: true,
  outDir: join(import.meta.dirname, '../../.cache/site'),
  cacheDir: join(import.meta.dirname, '../../.cache/vitepress'),
  // Files of the repository that pages link to are not pages of the site.
  ignoreDeadLinks: [/^(\.\/)?(\.\.\/)+(README|CONTRIBUTING|CHANGELOG|sample-app|infra|lib|test|bench|examples)/],
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Course', link: '/course' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      guide,
      topics,
      moving,
      { text: 'The course', items: [{ text: 'Step by step', link: '/course' }] },
      {
        text: 'API',
        collapsed: true,
        items: existsSync(apiPages) ? (JSON.parse(readFileSync(apiPages, 'utf8')) as { text: string }[]) : [],
      },
    ],
    outline: 'deep',
  },
});
