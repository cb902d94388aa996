import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AsyncApiDocument } from 'nestjs-stan/asyncapi';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';

const project = join(import.meta.dirname, '../../..');
const checkedIn = join(project, 'sample-app', 'asyncapi.json');
const shop = 'dist/sample-app/asyncapi.js';

/** Runs the command as a shell would. */
function asyncapi(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command = [join(project, 'bin', 'nestjs-stan.js'), 'asyncapi', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: project }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

function fileWith(content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-asyncapi-'));
  cleanUpAfterTest(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'asyncapi.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const exportsInEveryForm = `
  import { Module } from '@nestjs/common';
  export class AppModule {}
  Module({ providers: [{ provide: 'DATABASE', useFactory: () => { throw new Error('nothing is started'); } }] })(AppModule);
  export const dynamic = { module: AppModule };
  export const make = () => AppModule;
  export const makeLater = async () => ({ module: AppModule });
`;

describe('nestjs-stan asyncapi', () => {
  it("prints the sample's document as it is checked in, without a broker or a database [C19, C20]", async () => {
    const printed = await asyncapi('print', shop, '--export', 'Shop', '--title', 'Ticket shop', '--strict');
    expect(printed.code).toBe(0);
    expect(printed.out).toBe(readFileSync(checkedIn, 'utf8'));
  });

  it('says what breaks, and ends with 1 for that alone [C24]', async () => {
    const document = JSON.parse(readFileSync(checkedIn, 'utf8')) as AsyncApiDocument;
    const changed = (change: (schema: { properties: Record<string, unknown>; required: string[] }) => void) => {
      const copy = structuredClone(document);
      change(copy.components.schemas['ticket.created.v1'] as never);
      return fileWith(copy);
    };
    const harmless = changed(({ properties }) => {
      properties['seat'] = { type: 'string' };
    });
    expect(await asyncapi('check', checkedIn, harmless)).toMatchObject({ code: 0, out: 'nothing breaks\n' });
    const breaking = changed(({ properties, required }) => {
      properties['seat'] = { type: 'string' };
      required.push('seat');
    });
    const found = await asyncapi('check', checkedIn, breaking);
    expect(found).toMatchObject({ code: 1, out: 'breaking: receive "ticket:created" seat: is now required\n' });
  });

  it.each([
    ['no command', []],
    ['an unknown command', ['draw']],
    ['no file', ['print']],
    ['a file that is not there', ['print', 'nothing.js']],
    ['an export that is not there', ['print', shop, '--export', 'AppModule']],
    ['an unknown option', ['print', shop, '--colour']],
    ['one document', ['check', checkedIn]],
    ['a document that is none', ['check', checkedIn, join(project, 'package.json')]],
    ['a document that is no JSON', ['check', checkedIn, join(project, 'README.md')]],
  ])('ends with 2 for %s, in words [C24]', async (_what, args) => {
    const { code, err } = await asyncapi(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/\w/);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it.each(['AppModule', 'dynamic', 'make', 'makeLater'])('takes a module in any form: %s [C20]', async (name) => {
    const folder = mkdtempSync(join(project, '.cache', 'asyncapi-'));
    cleanUpAfterTest(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'app.mjs');
    writeFileSync(file, exportsInEveryForm);
    const { code, out } = await asyncapi('print', file, '--export', name);
    expect([code, (JSON.parse(out) as AsyncApiDocument).info.title]).toEqual([0, name]);
  });

  it('names the exports that there are', async () => {
    expect((await asyncapi('print', shop, '--export', 'AppModule')).err).toContain('it exports Shop');
  });
});
