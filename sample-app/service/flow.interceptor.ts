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
import { SupervisorLink } from './supervisor-link.js';

/** Shows every delivery and its outcome on the page, and makes go wrong what the page asked for. */
@Injectable()
export class FlowInterceptor implements NestInterceptor {
  constructor(
    private readonly flow: FlowReporter,
    private readonly supervisor: SupervisorLink,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler<Received>): Observable<Received> {
    const rpc = execution.switchToRpc();
    const { id, version } = rpc.getData<VersionedEvent>();
    const context = rpc.getContext<StanContext>();
    const delivery = {
      subject: context.getSubject(),
      sequence: context.getSequence(),
      redeliveries: context.getRedeliveryCount(),
      id,
      version,
    };
    return defer(() => this.#misbehave()).pipe(
      mergeMap(() => next.handle()),
      tap({
        next: (outcome) => this.flow.report({ ...delivery, outcome }),
        error: (error: unknown) => this.flow.report({ ...delivery, ...failureOf(error) }),
      }),
    );
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
