import type { SubjectFacts } from './nats-facts.js';
import { hasEmptyToken, hasWildcard } from './subject.js';

/** What the index must know about a subscription. */
export interface Indexed {
  readonly subject: string;
  readonly queue: string | undefined;
}

/**
 * The subscriptions of one subject (or pattern): those that get every message, and the queue groups.
 * @internal
 */
export interface Interest<S extends Indexed> {
  /** Sets, not lists: a connection may leave with a hundred thousand subscriptions of one subject. */
  readonly plain: Set<S>;
  readonly groups: Map<string, Set<S>>;
}

interface Level<S extends Indexed> {
  children: Map<string, Level<S>> | undefined;
  any: Level<S> | undefined;
  tail: Interest<S> | undefined;
  here: Interest<S> | undefined;
}

const mostRemembered = 10_000;
const longestRemembered = 256;

/**
 * Finds the subscriptions that a published subject reaches. Literal subjects are looked up in a map, so that thousands
 * of inboxes cost nothing; only patterns are walked token by token. What was found is remembered until a subscription
 * comes or goes that could change it.
 * @internal
 */
export class SubjectIndex<S extends Indexed> {
  private readonly literals = new Map<string, Interest<S>>();
  private readonly root: Level<S> = newLevel();
  private readonly remembered = new Map<string, readonly Interest<S>[]>();
  private inserts = 0;
  private removes = 0;
  private matches = 0;
  private misses = 0;

  insert(subscription: S): void {
    const { subject } = subscription;
    this.inserts++;
    this.forget(subject);
    const interest = hasWildcard(subject) ? this.patternInterest(subject) : this.literalInterest(subject);
    if (subscription.queue === undefined) {
      interest.plain.add(subscription);
      return;
    }
    const group = interest.groups.get(subscription.queue);
    if (group) group.add(subscription);
    else interest.groups.set(subscription.queue, new Set([subscription]));
  }

  remove(subscription: S): void {
    const { subject } = subscription;
    this.removes++;
    this.forget(subject);
    if (hasWildcard(subject)) {
      removeFromLevel(this.root, subject.split('.'), 0, subscription);
      return;
    }
    const interest = this.literals.get(subject);
    if (interest && takeOut(interest, subscription)) this.literals.delete(subject);
  }

  /** Every interest that `subject` reaches; the sets are live, so a caller that changes subscriptions copies them. */
  match(subject: string): readonly Interest<S>[] {
    this.matches++;
    return this.remembered.get(subject) ?? this.remember(subject, this.find(subject));
  }

  /** Counts for the monitoring pages. */
  get facts(): SubjectFacts {
    const { inserts, removes, matches, misses } = this;
    const fanouts = [...this.remembered.values()].map((interests) => interests.reduce(addReach, 0));
    return { subscriptions: inserts - removes, inserts, removes, matches, hits: matches - misses, fanouts };
  }

  private find(subject: string): Interest<S>[] {
    const found: Interest<S>[] = [];
    const literal = this.literals.get(subject);
    if (literal) found.push(literal);
    if (!hasEmptyToken(subject)) collect(this.root, subject, 0, found);
    return found;
  }

  private remember(subject: string, found: Interest<S>[]): readonly Interest<S>[] {
    this.misses++;
    if (subject.length > longestRemembered) return found;
    if (this.remembered.size >= mostRemembered) this.remembered.clear();
    this.remembered.set(subject, found);
    return found;
  }

  /** A pattern may reach any subject, a literal only its own. */
  private forget(subject: string): void {
    if (hasWildcard(subject)) this.remembered.clear();
    else this.remembered.delete(subject);
  }

  private literalInterest(subject: string): Interest<S> {
    let interest = this.literals.get(subject);
    if (!interest) this.literals.set(subject, (interest = newInterest()));
    return interest;
  }

  private patternInterest(subject: string): Interest<S> {
    let level = this.root;
    for (const token of subject.split('.')) {
      if (token === '>') return (level.tail ??= newInterest());
      if (token === '*') level = level.any ??= newLevel();
      else level = childOf(level, token);
    }
    return (level.here ??= newInterest());
  }
}

/** As the real server counts: every plain subscription, and one member of each group. */
function addReach(sum: number, { plain, groups }: Interest<Indexed>): number {
  return sum + plain.size + groups.size;
}

function newInterest<S extends Indexed>(): Interest<S> {
  return { plain: new Set(), groups: new Map() };
}

function newLevel<S extends Indexed>(): Level<S> {
  return { children: undefined, any: undefined, tail: undefined, here: undefined };
}

function childOf<S extends Indexed>(level: Level<S>, token: string): Level<S> {
  level.children ??= new Map();
  let child = level.children.get(token);
  if (!child) level.children.set(token, (child = newLevel()));
  return child;
}

function collect<S extends Indexed>(level: Level<S>, subject: string, start: number, found: Interest<S>[]): void {
  if (level.tail) found.push(level.tail);
  if (!level.children && !level.any) return;
  const dot = subject.indexOf('.', start);
  const token = dot < 0 ? subject.slice(start) : subject.slice(start, dot);
  for (const next of [level.children?.get(token), level.any]) {
    if (!next) continue;
    if (dot >= 0) collect(next, subject, dot + 1, found);
    else if (next.here) found.push(next.here);
  }
}

/** Returns true when the interest is empty afterwards. */
function takeOut<S extends Indexed>(interest: Interest<S>, subscription: S): boolean {
  if (subscription.queue === undefined) {
    interest.plain.delete(subscription);
  } else {
    const group = interest.groups.get(subscription.queue);
    if (group) {
      group.delete(subscription);
      if (group.size === 0) interest.groups.delete(subscription.queue);
    }
  }
  return interest.plain.size === 0 && interest.groups.size === 0;
}

/** Returns true when nothing is left at this level, so that the one above can let go of it. */
function removeFromLevel<S extends Indexed>(level: Level<S>, tokens: string[], at: number, subscription: S): boolean {
  const token = tokens[at];
  if (token === undefined) {
    if (level.here && takeOut(level.here, subscription)) level.here = undefined;
  } else if (token === '>') {
    if (level.tail && takeOut(level.tail, subscription)) level.tail = undefined;
  } else if (token === '*') {
    if (level.any && removeFromLevel(level.any, tokens, at + 1, subscription)) level.any = undefined;
  } else {
    const child = level.children?.get(token);
    if (child && removeFromLevel(child, tokens, at + 1, subscription)) level.children?.delete(token);
    if (level.children?.size === 0) level.children = undefined;
  }
  return !level.here && !level.tail && !level.any && !level.children;
}
