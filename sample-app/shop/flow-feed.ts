import type { MessageEvent } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Subject, defer, from, map, merge, of } from 'rxjs';
import type { FlowEntry } from '../service/service-messages.js';
import { Instances } from './instances.js';

/** Entries that a page gets to see when it is opened. */
const remembered = 150;

/** What the open pages are told, in server-sent events. */
@Injectable()
export class FlowFeed {
  private readonly entries: FlowEntry[] = [];
  private readonly flow = new Subject<FlowEntry>();
  private readonly changes = new Subject<void>();

  constructor(private readonly instances: Instances) {
    instances.on('flow', (entry) => this.note(entry));
    instances.on('changed', () => this.changes.next());
  }

  /** A stream for one page: the instances as they are, the last entries, then everything as it happens. */
  open(): Observable<MessageEvent> {
    const states = merge(of(undefined), this.changes).pipe(
      map(() => ({ type: 'instances', data: this.instances.views() })),
    );
    const entries = merge(
      defer(() => from([...this.entries])),
      this.flow,
    ).pipe(map((entry) => ({ type: 'flow', data: entry })));
    return merge(states, entries);
  }

  /** The last entries of one trace, in the order in which they came. */
  ofTrace(traceId: string): readonly FlowEntry[] {
    return this.entries.filter((entry) => entry.traceId === traceId);
  }

  private note(entry: FlowEntry): void {
    this.entries.push(entry);
    if (this.entries.length > remembered) this.entries.shift();
    this.flow.next(entry);
  }
}
