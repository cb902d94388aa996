import { nearestName } from '../errors/nearest-name.js';
import { namesOf } from '../option-rules/option-group.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import { ReconnectOptions } from './connection-options.js';
import type { DriverOptionNames } from './driver-option-names.js';
import { clientOptionGroups, serverOptionGroups } from './server-options.js';
import { DeadLetterOptions, RetryOptions, StanSubscriptionOptions } from './subscription-options.js';

/** Whose options are read; a handler's are subscription options without a name of their own before them. */
export type OptionRole = 'server' | 'client' | 'handler';

/** A group of options by the path under which it stands; the outermost has an empty one. */
type Groups = readonly (readonly [path: string, names: readonly string[]])[];

const subscriptionNames = namesOf(StanSubscriptionOptions);

const serverGroups: Groups = [
  ['', serverOptionGroups.flatMap(namesOf)],
  ['subscription', subscriptionNames],
  ['reconnect', namesOf(ReconnectOptions)],
  ['subscription.retry', namesOf(RetryOptions)],
  ['subscription.deadLetter', namesOf(DeadLetterOptions)],
];

const clientGroups: Groups = [
  ['', clientOptionGroups.flatMap(namesOf)],
  ['reconnect', namesOf(ReconnectOptions)],
];

const handlerGroups: Groups = [
  ['', subscriptionNames],
  ['retry', namesOf(RetryOptions)],
  ['deadLetter', namesOf(DeadLetterOptions)],
];

/** Where the options of one role are read, and where one that is unknown there belongs. */
export function placeOf(role: OptionRole, owner: string, names: DriverOptionNames): OptionPlace {
  return { owner, elsewhere: (name, path) => placeElsewhere(groupsOf(role, names), names, { name, path: path ?? '' }) };
}

/** The right place of one of our options that was given in `connection`, whose client does not know it. */
export function placeOfOurs(name: string, names: DriverOptionNames): string | undefined {
  if (names.passedOn.includes(name)) return undefined;
  return find(serverGroups, name, undefined) ?? find(serverGroups, ourName(name, names), undefined);
}

/** An option that is not known in the group of this path, '' for the outermost. */
interface UnknownOption {
  readonly name: string;
  readonly path: string;
}

/**
 * Where an option belongs that stands at the wrong place, or under the name that another client has for it; `undefined`
 * where nothing like it is known.
 */
function placeElsewhere(
  { own, others }: GroupsOfRole,
  names: DriverOptionNames,
  { name, path }: UnknownOption,
): string | undefined {
  const wanted = ourName(name, names);
  return find(own, wanted, path) ?? ofServer(find(others, wanted, undefined)) ?? misspelt(own, wanted, path);
}

function ourName(name: string, { otherNames }: DriverOptionNames): string {
  return Object.entries(otherNames).find(([, others]) => others.includes(name))?.[0] ?? name;
}

interface GroupsOfRole {
  readonly own: Groups;
  /** The server's, for an option that only it has. */
  readonly others: Groups;
}

function groupsOf(role: OptionRole, { passedOn }: DriverOptionNames): GroupsOfRole {
  const connection = ['connection', passedOn] as const;
  const server = [...serverGroups, connection];
  if (role === 'server') return { own: server, others: [] };
  return { own: role === 'client' ? [...clientGroups, connection] : handlerGroups, others: server };
}

function find(groups: Groups, name: string, foundIn: string | undefined): string | undefined {
  // The group where it was found comes first: an old name may have its new one beside it.
  const own = groups.find(([path]) => path === foundIn);
  const group = [...(own === undefined ? [] : [own]), ...groups].find(([, names]) => names.includes(name));
  return group === undefined ? undefined : pathTo(group[0], name);
}

function misspelt(groups: Groups, name: string, foundIn: string): string | undefined {
  const here = groups.find(([path]) => path === foundIn)?.[1] ?? [];
  if (nearestName(name, here) !== undefined) return undefined;
  for (const [path, names] of groups) {
    const nearest = nearestName(name, names);
    if (nearest !== undefined) return pathTo(path, nearest);
  }
  return undefined;
}

function pathTo(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function ofServer(place: string | undefined): string | undefined {
  return place === undefined ? undefined : `${place} of ServerStan`;
}
