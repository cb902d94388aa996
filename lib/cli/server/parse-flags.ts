import { nearestName } from '../../core/errors/nearest-name.js';
import type { DeclaredFlag } from '../../core/option-rules/flag.decorator.js';
import { applyFlag, foreignFlags, serverFlags, spell, valueName } from './server-flags.js';
import { defaultSettings } from './server-settings.js';
import type { ServerSettings } from './server-settings.js';
import { UsageError } from '../io/usage.error.js';

const byName = new Map(serverFlags.flatMap((flag) => flag.names.map((name) => [name, flag] as const)));

/**
 * Reads flags the way Go's flag package does: one dash or two, `-p 4222` or `-p=4222`; a switch takes a value only
 * behind `=`. The last of several counts.
 * @throws UsageError for a flag that is not known, with the nearest that is, and for a value that does not fit
 * @internal
 */
export function parseFlags(argv: readonly string[]): ServerSettings {
  const settings = defaultSettings();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    const [, shown = '', name = '', inline] = /^(--?([^-=][^=]*))(?:=(.*))?$/s.exec(word) ?? [];
    if (name === '') throw new UsageError(`unexpected argument "${word}": flags begin with - or --`);
    const flag = byName.get(name);
    if (flag === undefined) throw new UsageError(explainUnknown(shown, name));
    if (inline !== undefined) applyFlag(flag, settings, inline, shown);
    else if (flag.kind === 'switch') applyFlag(flag, settings, 'true', shown);
    else applyFlag(flag, settings, valueAfter(argv, ++index, shown, flag), shown);
  }
  checkTogether(settings);
  return settings;
}

function valueAfter(argv: readonly string[], index: number, shown: string, flag: DeclaredFlag): string {
  const value = argv[index];
  if (value === undefined) throw new UsageError(`${shown} needs a value: ${shown} ${valueName(flag) ?? ''}`);
  return value;
}

function checkTogether(settings: ServerSettings): void {
  const { store, directory, user, password, token } = settings;
  if (settings.showHelp || settings.showVersion) return;
  if (store === 'FILE' && directory === undefined) throw new UsageError('-st FILE needs --dir <directory>');
  if (password !== undefined && user === undefined) throw new UsageError('--pass needs --user <name>');
  if (user !== undefined && password === undefined) throw new UsageError('--user needs --pass <password>');
  if (user !== undefined && token !== undefined) throw new UsageError('give either --user and --pass, or --auth');
}

function explainUnknown(shown: string, name: string): string {
  if (foreignFlags.includes(name)) {
    return `${shown} is a flag of nats-streaming-server that the embedded broker does not have`;
  }
  const nearest = nearestName(name, [...byName.keys()]);
  return nearest === undefined ? `unknown flag ${shown}` : `unknown flag ${shown}; did you mean ${spell(nearest)}?`;
}
