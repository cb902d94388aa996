/**
 * [STAN-CHAN-1] True for a name that a channel may have: no empty token, no `/`, no wildcard character.
 * Source: nats-streaming-server 0.25.6 util/util.go IsChannelNameValid.
 * @internal
 */
export function isChannelName(name: string): boolean {
  return /^[^./*>]+(?:\.[^./*>]+)*$/su.test(name);
}

/**
 * True for a name or a pattern of names: `*` and `>` as whole tokens, `>` only as the last.
 * @internal
 */
export function isChannelPattern(pattern: string): boolean {
  const tokens = pattern.split('.');
  return tokens.every((token, index) => {
    if (token === '>') return index === tokens.length - 1;
    return token === '*' || isChannelName(token);
  });
}
