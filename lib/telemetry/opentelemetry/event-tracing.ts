import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  isSpanContextValid,
  propagation,
  trace,
} from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';

import { describeError } from '../../core/errors/describe-error.js';
import type { HandleAbout, HandleOutcome, PublishAbout, StanTelemetry } from '../../core/options/index.js';
import { isPromise } from '../../core/wire/index.js';
import { errorType, handleAttributes, publishAttributes } from './event-attributes.js';
import { headerGetter, headerSetter } from './header-carrier.js';
import type { OpenTelemetryOptions } from './open-telemetry-options.js';

/** A run whose span is kept open until it is known what became of the event; it ends when the run did. */
interface OpenRun {
  readonly span: Span;
  endedAt: number | undefined;
}

/** Spans around publishes and runs of handlers. */
export class EventTracing implements StanTelemetry {
  private readonly provider: TracerProvider | undefined;
  private readonly propagator: NonNullable<OpenTelemetryOptions['propagator']>;
  private readonly asParent: boolean;
  private readonly runs = new WeakMap<HandleAbout, OpenRun>();

  constructor({ tracerProvider, propagator = propagation, link = 'parent' }: OpenTelemetryOptions) {
    this.provider = tracerProvider;
    this.propagator = propagator;
    this.asParent = link === 'parent';
  }

  publish<T>(about: PublishAbout, headers: Map<string, string>, run: () => T): T {
    // An event that carries a trace already, as an outbox hands it on, goes on with that one.
    const parent = headers.has('traceparent')
      ? this.propagator.extract(context.active(), headers, headerGetter)
      : context.active();
    const span = this.tracer().startSpan(
      `publish ${about.subject}`,
      { kind: SpanKind.PRODUCER, attributes: this.publishDetails(about) },
      parent,
    );
    const own = trace.setSpan(parent, span);
    this.propagator.inject(own, headers, headerSetter);
    return whenOver(
      () => context.with(own, run),
      (error) => {
        if (about.bytes !== undefined) span.setAttribute('messaging.message.body.size', about.bytes);
        noteFailure(span, error);
        span.end();
      },
    );
  }

  handle<T>(about: HandleAbout, headers: ReadonlyMap<string, string>, run: () => T): T {
    // Not the active context: what happens to be active where the network is read from is nobody's business here.
    const remote = this.propagator.extract(ROOT_CONTEXT, headers, headerGetter);
    const { parent, options } = this.placeOf(remote);
    const details = { kind: SpanKind.CONSUMER, attributes: this.handleDetails(about), ...options };
    const span = this.tracer().startSpan(`process ${about.subject}`, details, parent);
    const { traceId } = span.spanContext();
    if (isSpanContextValid(span.spanContext())) about.traceId = traceId;
    const open: OpenRun = { span, endedAt: undefined };
    this.runs.set(about, open);
    return whenOver(
      () => context.with(trace.setSpan(parent, span), run),
      (error) => {
        // OpenTelemetry reads a time of `performance` relative to its origin; no other clock would do.
        open.endedAt = performance.now();
        noteFailure(span, error);
      },
    );
  }

  settled(about: HandleAbout, outcome: HandleOutcome): void {
    const open = this.runs.get(about);
    if (open === undefined) return;
    this.runs.delete(about);
    if (outcome === 'deadLettered') open.span.addEvent('dead_lettered', open.endedAt);
    open.span.end(open.endedAt);
  }

  private tracer(): Tracer {
    // Asked for each time: an application may register its SDK after this was made.
    return (this.provider ?? trace).getTracer('nestjs-stan');
  }

  private placeOf(remote: Context): { parent: Context; options: Pick<SpanOptions, 'links'> } {
    const publisher = trace.getSpanContext(remote);
    if (this.asParent || publisher === undefined) return { parent: remote, options: {} };
    return { parent: trace.deleteSpan(remote), options: { links: [{ context: publisher }] } };
  }

  private publishDetails(about: PublishAbout): Attributes {
    const eventId = about.headers.get('id');
    return {
      ...publishAttributes(about, about.subject),
      'messaging.client.id': about.clientId,
      ...(eventId !== undefined && { 'messaging.message.id': eventId }),
    };
  }

  private handleDetails(about: HandleAbout): Attributes {
    const { subject, sequence, headers, clientId, bytes, deliveries, handler } = about;
    const own = `messaging.${about.messagingSystem}`;
    return {
      ...handleAttributes(about),
      'messaging.client.id': clientId,
      'messaging.message.id': headers.get('id') ?? `${subject}/${String(sequence)}`,
      'messaging.message.body.size': bytes,
      [`${own}.message.sequence`]: sequence,
      [`${own}.delivery_count`]: deliveries,
      'code.function.name': handler,
    };
  }
}

/** Calls `run` and tells how it ended, once, whether it is synchronous or not; `undefined` for a success. */
export function whenOver<T>(run: () => T, tell: (error: { readonly error: unknown } | undefined) => void): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    tell({ error });
    throw error;
  }
  if (!isPromise(result)) {
    tell(undefined);
    return result;
  }
  result.then(
    () => tell(undefined),
    (error: unknown) => tell({ error }),
  );
  return result;
}

function noteFailure(span: Span, failure: { readonly error: unknown } | undefined): void {
  if (failure === undefined) return;
  const described = describeError(failure.error);
  span.setAttribute('error.type', errorType(failure.error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: described.message });
  span.recordException({ ...described });
}
