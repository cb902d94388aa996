// The server's control line holds 4096 bytes: publish prefix, subject, ack subject and size. Past it the server cuts the
// connection, and with it every other publish.
const maxSubjectBytes = 3_900;
// Known good subjects are remembered, since an app publishes to few; the bound keeps a subject per event from growing it.
const maxRememberedSubjects = 1_000;

/**
 * Says what is wrong with a subject to publish to; `undefined` where nothing is. The rules are the server's
 * (`util.IsChannelNameValid` of nats-streaming-server 0.25.6), and those of the NATS protocol line that carries it.
 * @internal
 */
export class PublishSubjects {
  private readonly known = new Set<string>();

  problemOf(subject: string): string | undefined {
    if (this.known.has(subject)) return undefined;
    const problem = problemOf(subject);
    if (problem === undefined) this.remember(subject);
    return problem;
  }

  private remember(subject: string): void {
    if (this.known.size >= maxRememberedSubjects) this.known.clear();
    this.known.add(subject);
  }
}

function problemOf(subject: string): string | undefined {
  if (subject === '') return 'it is empty';
  // eslint-disable-next-line no-control-regex -- a control character would end or split the protocol line
  if (/[\s\u0000-\u001f\u007f]/.test(subject)) return 'it holds white space or a control character';
  if (/[*>]/.test(subject)) return 'it holds a wildcard, and an event goes to one subject';
  if (subject.includes('/')) return 'it holds a slash, which the server refuses';
  if (subject.split('.').includes('')) return 'it has an empty token';
  if (Buffer.byteLength(subject) > maxSubjectBytes) return `it is longer than ${maxSubjectBytes} bytes`;
  return undefined;
}
