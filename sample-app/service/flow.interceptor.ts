import { setTimeout as delay } from 'node:timers/promises';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { StanContext } from 'nestjs-stan';
import type { Observable } from 'rxjs';
import { defer, mergeMap, tap } from 'rxjs';
import type { ShopEvents, Subject } from '../shared/shop-events.js';
import { countedAs } from '../shared/counted-as.js';
import { FlowReporter } from './flow-reporter.js';
import { activeTraceId } from './tracing.js';
import { SupervisorLink } from './supervisor-link.js';

/** Shows every event whose turn has come, and its outcome, on the page; and makes go wrong what the page asked for. */
@Injectable()
export class FlowInterceptor implements NestInterceptor {
  constructor(
    private readonly flow: FlowReporter,
    private readonly supervisor: SupervisorLink,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const rpc = execution.switchToRpc();
    const context = rpc.getContext<StanContext>();
    const traceId = activeTraceId();
    const delivery = {
      subject: context.getSubject(),
      sequence: context.getSequence(),
      redeliveries: context.getRedeliveryCount(),
      ...countedAs(rpc.getData<ShopEvents[Subject]>()),
      ...(traceId && { traceId }),
    };
    return defer(() => this.misbehave()).pipe(
      mergeMap(() => next.handle()),
      tap({
        // The commit comes right after it; should that fail, the event comes again and is reported again.
        complete: () => this.flow.report({ ...delivery, outcome: 'counted' }),
        error: (error: unknown) => this.flow.report({ ...delivery, outcome: 'failed', reason: reasonOf(error) }),
      }),
    );
  }

  private async misbehave(): Promise<void> {
    const { slowMs } = this.supervisor.faults;
    if (slowMs > 0) await delay(slowMs);
    if (this.supervisor.takeFailure()) throw new Error('failed on purpose');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
