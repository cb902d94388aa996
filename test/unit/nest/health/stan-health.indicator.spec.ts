import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { BehaviorSubject } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { StanHealthIndicator } from '../../../../lib/index.js';
import type { StanStatus } from '../../../../lib/index.js';

describe('health', () => {
  it.each(['connecting', 'reconnecting', 'disconnected', 'closed'] as const)('is down while %s', (status) => {
    const indicator = new StanHealthIndicator({ server: { status: new BehaviorSubject<StanStatus>(status) } });
    expect(indicator.isHealthy()).toEqual({ stan: { status: 'down', server: status } });
  });

  it('is up only while every connection is connected, and follows them', () => {
    const client = new BehaviorSubject<StanStatus>('connecting');
    const server = new BehaviorSubject<StanStatus>('connected');
    const indicator = new StanHealthIndicator({ client: { status: client }, server: { status: server } });
    expect(indicator.isHealthy('events').events.status).toBe('down');
    client.next('connected');
    expect(indicator.isHealthy('events')).toEqual({
      events: { status: 'up', client: 'connected', server: 'connected' },
    });
    server.next('reconnecting');
    expect(indicator.isHealthy('events').events.status).toBe('down');
  });

  it('is understood by @nestjs/terminus', async () => {
    const status = new BehaviorSubject<StanStatus>('connected');
    const indicator = new StanHealthIndicator({ server: { status } });
    const module = await Test.createTestingModule({ imports: [TerminusModule.forRoot({ logger: false })] }).compile();
    const health = await module.resolve(HealthCheckService);
    await expect(health.check([() => indicator.isHealthy('stan')])).resolves.toMatchObject({ status: 'ok' });
    status.next('disconnected');
    await expect(health.check([() => indicator.isHealthy('stan')])).rejects.toMatchObject({
      response: { status: 'error', error: { stan: { status: 'down' } } },
    });
  });

  it('stops following when closed', () => {
    const status = new BehaviorSubject<StanStatus>('connected');
    const indicator = new StanHealthIndicator({ server: { status } });
    indicator.close();
    expect(status.observed).toBe(false);
  });
});
