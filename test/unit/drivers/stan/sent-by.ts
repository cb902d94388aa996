import type { OutboundCommands } from '../../../../lib/drivers/stan/outbound-commands.js';

/** The commands that `send` sends, each in bytes of its own; behind others, as in the middle of a batch. */
export function sentBy(send: (to: OutboundCommands) => void): Buffer[] {
  const sent: Buffer[] = [];
  const before = 5;
  let length = 0;
  const to = {
    bytes: Buffer.alloc(0),
    room: (wanted: number) => {
      length = wanted;
      to.bytes = Buffer.alloc(before + length);
      return before;
    },
    send: () => void sent.push(to.bytes.subarray(before, before + length)),
  };
  send(to);
  return sent;
}
