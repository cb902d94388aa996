import { All, Controller, Req, Res } from '@nestjs/common';
import type { ServiceName } from '../service/service-messages.js';
import { Instances } from './instances.js';

/** As much of Express' request and response as is needed here. */
interface GatewayRequest {
  readonly method: string;
  readonly originalUrl: string;
  readonly body: unknown;
}

interface GatewayResponse {
  status(code: number): GatewayResponse;
  type(mime: string): GatewayResponse;
  send(body: string): unknown;
}

/** Answers of a service that is not there. */
const unreachable = 'no instance of this service is running; it is started again in a moment';

/** Hands requests of the page to the instances of a service, to another one each time, as an ingress does. */
@Controller('api')
export class GatewayController {
  constructor(private readonly instances: Instances) {}

  @All(['tickets', 'tickets/:id'])
  async tickets(@Req() request: GatewayRequest, @Res() response: GatewayResponse): Promise<void> {
    await this.forward('tickets', request, response);
  }

  @All(['orders', 'orders/:id', 'ticket-copies'])
  async orders(@Req() request: GatewayRequest, @Res() response: GatewayResponse): Promise<void> {
    await this.forward('orders', request, response);
  }

  private async forward(service: ServiceName, request: GatewayRequest, response: GatewayResponse): Promise<void> {
    const path = request.originalUrl.slice('/api'.length);
    for (const url of this.instances.urlsOf(service)) {
      const answer = await tryInstance(url + path, request);
      if (!answer) continue;
      response.status(answer.status).type('application/json').send(answer.body);
      return;
    }
    response
      .status(503)
      .type('application/json')
      .send(JSON.stringify({ statusCode: 503, message: unreachable }));
  }
}

/**
 * The answer of one instance; nothing when the request may safely be given to another one: it could not be sent, or it
 * only reads.
 */
async function tryInstance(
  url: string,
  { method, body }: GatewayRequest,
): Promise<{ status: number; body: string } | undefined> {
  const hasBody = method === 'POST' || method === 'PATCH';
  try {
    const answer = await fetch(url, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(hasBody && { body: JSON.stringify(body ?? {}), headers: { 'content-type': 'application/json' } }),
    });
    return { status: answer.status, body: await answer.text() };
  } catch (error) {
    if (method === 'GET' || wasRefused(error)) return undefined;
    const message = 'the instance went away before it answered: it is not known whether the request was carried out';
    return { status: 502, body: JSON.stringify({ statusCode: 502, message }) };
  }
}

function wasRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ECONNREFUSED';
}
