import { setTimeout as delay } from 'node:timers/promises';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { StanContext } from 'nestjs-stan';
import type { Observable } from 'rxjs';
import { defer, mergeMap, tap } from 'rxjs';
import { EventTooEarlyError } from '../messaging/event-too-early.error.js';
import type { Received } from '../messaging/inbox.js';
import type { VersionedEvent } from '../shared/versioned-event.js';
import { FlowReporter } from './flow-reporter.js';
import type { FlowEntry } from './service-messages.js';
import { activeTraceId } from './tracing.js';
import { SupervisorLink } from './supervisor-link.js';

type Optional = 'reason' | 'traceId';
type Delivered = Required<Omit<FlowEntry, 'instance' | 'at' | Optional>> & Pick<FlowEntry, Optional>;

/** Shows every delivery and its outcome on the page, and makes go wrong what the page asked for. */
@Injectable()
export class FlowInterceptor implements NestInterceptor {
  readonly #waiting = new Set<string>();

  constructor(
    private readonly flow: FlowReporter,
    private readonly supervisor: SupervisorLink,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler<Received>): Observable<Received> {
    const rpc = execution.switchToRpc();
    const { id, version } = rpc.getData<VersionedEvent>();
    const context = rpc.getContext<StanContext>();
    const traceId = activeTraceId();
    const delivery = {
      subject: context.getSubject(),
      sequence: context.getSequence(),
      redeliveries: context.getRedeliveryCount(),
      id,
      version,
      ...(traceId && { traceId }),
    };
    return defer(() => this.#misbehave()).pipe(
      mergeMap(() => next.handle()),
      tap({
        next: (outcome) => this.#report({ ...delivery, outcome }),
        error: (error: unknown) => this.#report({ ...delivery, ...failureOf(error) }),
      }),
    );
  }

  /** An event that is early is tried again many times while it waits; the page is told once per delivery. */
  #report(entry: Delivered): void {
    const key = `${entry.subject} ${entry.sequence} ${entry.redeliveries}`;
    if (entry.outcome !== 'early') this.#waiting.delete(key);
    else if (this.#waiting.has(key)) return;
    else this.#remember(key);
    this.flow.report(entry);
  }

  #remember(key: string): void {
    // Those that were left to the server, and handled elsewhere, are never taken out one by one.
    if (this.#waiting.size >= 500) this.#waiting.clear();
    this.#waiting.add(key);
  }

  async #misbehave(): Promise<void> {
    const { slowMs } = this.supervisor.faults;
    if (slowMs > 0) await delay(slowMs);
    if (this.supervisor.takeFailure()) throw new Error('failed on purpose');
  }
}

function failureOf(error: unknown): { outcome: 'early' | 'failed'; reason: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { outcome: error instanceof EventTooEarlyError ? 'early' : 'failed', reason };
}
