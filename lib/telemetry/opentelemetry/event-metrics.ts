import type { Attributes, Counter, Histogram, MeterProvider } from '@opentelemetry/api';

import { systemClock } from '../../core/clock.js';
import type { HandleAbout, HandleOutcome, PublishAbout, StanTelemetry } from '../../core/options/index.js';
import { BoundedSubjects } from '../bounded-subjects.js';
import { errorType, handleAttributes, publishAttributes } from './event-attributes.js';
import { whenOver } from './event-tracing.js';

/** What the conventions advise for durations in seconds. */
const explicitBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The messaging metrics of the semantic conventions, around the tracing. */
export class EventMetrics implements StanTelemetry {
  private readonly operationDuration: Histogram;
  private readonly sent: Counter;
  private readonly consumed: Counter;
  private readonly processDuration: Histogram;
  private readonly subjects = new BoundedSubjects();

  constructor(
    private readonly tracing: StanTelemetry,
    provider: MeterProvider,
  ) {
    const meter = provider.getMeter('nestjs-stan');
    const duration = { unit: 's', advice: { explicitBucketBoundaries } };
    this.operationDuration = meter.createHistogram('messaging.client.operation.duration', {
      description: 'Duration of a publish, until the server has stored the event.',
      ...duration,
    });
    this.sent = meter.createCounter('messaging.client.sent.messages', {
      description: 'Events that were published.',
      unit: '{message}',
    });
    this.consumed = meter.createCounter('messaging.client.consumed.messages', {
      description: 'Events that were passed to a handler.',
      unit: '{message}',
    });
    this.processDuration = meter.createHistogram('messaging.process.duration', {
      description: 'Duration of a run of a handler.',
      ...duration,
    });
  }

  publish<T>(about: PublishAbout, headers: Map<string, string>, run: () => T): T {
    const startedAt = systemClock.nowMs();
    const counted = (): T =>
      whenOver(run, (failure) => {
        const attributes = withError(publishAttributes(about, this.subjects.labelOf(about.subject)), failure);
        this.operationDuration.record(secondsSince(startedAt), attributes);
        this.sent.add(1, attributes);
      });
    return this.tracing.publish(about, headers, counted);
  }

  handle<T>(about: HandleAbout, headers: ReadonlyMap<string, string>, run: () => T): T {
    const startedAt = systemClock.nowMs();
    const counted = (): T =>
      whenOver(run, (failure) => {
        const attributes = withError(handleAttributes(about), failure);
        this.processDuration.record(secondsSince(startedAt), attributes);
        this.consumed.add(1, attributes);
      });
    return this.tracing.handle(about, headers, counted);
  }

  settled(about: HandleAbout, outcome: HandleOutcome): void {
    this.tracing.settled?.(about, outcome);
  }
}

function withError(attributes: Attributes, failure: { readonly error: unknown } | undefined): Attributes {
  return failure === undefined ? attributes : { ...attributes, 'error.type': errorType(failure.error) };
}

function secondsSince(startedAt: number): number {
  return (systemClock.nowMs() - startedAt) / 1_000;
}
