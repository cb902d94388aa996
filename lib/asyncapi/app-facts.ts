import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { ContractRules } from '../core/contracts/index.js';
import type { StanSubscriptionOptions } from '../core/options/index.js';
import { clientContractToken } from '../nest/contracts/client-contract.js';
import type { ClientContract } from '../nest/contracts/client-contract.js';
import { contractKey } from '../nest/contracts/contract-key.js';
import { EventContract } from '../nest/contracts/event-contract.js';
import { declarationsIn, nestPatternsOf } from '../nest/decorators/declared-patterns.js';

/** One handler of an app, as a document describes it. */
export interface HandlerFact {
  readonly subject: string;
  /** `Class.method`. */
  readonly handler: string;
  readonly queueGroup: string | undefined;
  readonly contract: ContractRules | undefined;
}

/** What one client of an app publishes. */
export interface ClientFact {
  readonly name: string;
  readonly contract: ContractRules;
}

/** What an app's decorators and modules say; nothing of the app has to run for it. */
export interface AppFacts {
  readonly handlers: readonly HandlerFact[];
  readonly clients: readonly ClientFact[];
}

/** Reads the handlers and the clients' contracts of an app, also of one that was made with `preview: true`. */
export function readAppFacts(app: INestApplicationContext, defaults: StanSubscriptionOptions): AppFacts {
  const handlers: HandlerFact[] = [];
  const clients: ClientFact[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values())
      if (typeof metatype === 'function') handlers.push(...handlersOf(metatype as ControllerClass, defaults));
    const provided: unknown = module.providers.get(clientContractToken)?.instance;
    const client = clientOf(provided as ClientContract | undefined);
    if (client !== undefined) clients.push(client);
  }
  return { handlers, clients };
}

type ControllerClass = abstract new (...values: never[]) => object;

function clientOf(provided: ClientContract | undefined): ClientFact | undefined {
  if (!(provided?.contract instanceof EventContract)) return undefined;
  return { name: provided.name ?? 'default', contract: provided.contract.definition };
}

function handlersOf(controller: ControllerClass, defaults: StanSubscriptionOptions): HandlerFact[] {
  const seen = new Set<string>();
  const found: HandlerFact[] = [];
  for (let prototype = controller.prototype as object | null; prototype !== null; prototype = parentOf(prototype)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== 'function' || seen.has(name)) continue;
      seen.add(name);
      found.push(...factsOf(value as object, `${controller.name}.${name}`, defaults));
    }
  }
  return found;
}

function parentOf(prototype: object): object | null {
  return Object.getPrototypeOf(prototype) as object | null;
}

function factsOf(method: object, handler: string, defaults: StanSubscriptionOptions): HandlerFact[] {
  const nest = nestPatternsOf(method);
  if (nest === undefined || nest.isMessageHandler) return [];
  const declared = declarationsIn(nest.extras)?.patterns ?? [];
  const own = declared.map(({ pattern, options }) => ({ pattern, options }));
  const rest = nest.patterns
    .filter((pattern) => !declared.some((one) => one.pattern === pattern))
    .map((pattern) => ({ pattern, options: nest.extras }));
  return [...own, ...rest].flatMap(({ pattern, options }) =>
    typeof pattern === 'string' ? [factOf(pattern, handler, options, defaults)] : [],
  );
}

function factOf(
  subject: string,
  handler: string,
  options: StanSubscriptionOptions,
  defaults: StanSubscriptionOptions,
): HandlerFact {
  const { queueGroup = defaults.queueGroup } = options;
  return {
    subject,
    handler,
    queueGroup: typeof queueGroup === 'string' ? queueGroup : undefined,
    contract: (options as { readonly [contractKey]?: ContractRules })[contractKey],
  };
}
