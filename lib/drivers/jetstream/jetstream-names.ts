/**
 * The name of the stream that holds the events of a subject. Whatever a stream name must not have, and the escape
 * character itself, becomes `_<hex>_`, so two subjects never share a name.
 * @internal
 */
export function streamNameOf(subject: string): string {
  return escapeName(subject);
}

/** What a consumer is named by. */
export interface ConsumerIdentity {
  readonly clientId: string;
  readonly subject: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
}

/**
 * The name of the consumer that a subscription reads from, the same after every start; `undefined` where the subscription
 * has neither a durable nor a group, and so nothing to come back to.
 * @internal
 */
export function consumerNameOf({ clientId, subject, queueGroup, durableName }: ConsumerIdentity): string | undefined {
  if (queueGroup !== undefined) return escapeName(`${durableName ?? ''}|${queueGroup}|${subject}`);
  return durableName === undefined ? undefined : escapeName(`${clientId}|${durableName}|${subject}`);
}

function escapeName(text: string): string {
  return text.replace(/[^A-Za-z0-9-]/gu, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`);
}
