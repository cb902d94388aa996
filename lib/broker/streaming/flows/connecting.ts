import type { BusMessage } from '../../nats/bus.js';
import { fitsProtocolLine } from '../../nats/subject.js';
import { decodeCloseRequest, decodeConnectRequest, decodePing } from '../../protocol/decode.js';
import type { ConnectRequest } from '../../protocol/messages.js';
import type { Client, ClientRegistry } from '../state/client-registry.js';
import { stanErrorTexts } from '../../protocol/stan-error-texts.js';
import type { Heartbeats } from './heartbeats.js';
import type { Removal } from './removal.js';
import type { Requester } from './requester.js';
import type { ServerSubjects } from '../../protocol/server-subjects.js';
import type { StreamingContext } from '../streaming-context.js';

/** How long a client has to prove that its id is in use. Source: server.go defaultCheckDupCIDTimeout. */
const duplicateProbeMs = 500;

/**
 * Registers clients and closes them.
 * @internal
 */
export class Connecting {
  private readonly probing = new Set<string>();

  constructor(
    private readonly context: StreamingContext,
    private readonly subjects: ServerSubjects,
    private readonly clients: ClientRegistry,
    private readonly heartbeats: Heartbeats,
    private readonly requester: Requester,
    private readonly removal: Removal,
  ) {}

  receiveConnect(message: BusMessage): void {
    const reply = message.reply ?? '';
    const request = tryDecode(decodeConnectRequest, message.payload);
    if (!request || !fitsProtocolLine(request.heartbeatInbox)) {
      this.refuse(reply, request?.clientId ?? '', stanErrorTexts.invalidConnectRequest);
      return;
    }
    const { clientId } = request;
    if (!/^[a-zA-Z0-9_-]+$/.test(clientId)) {
      this.refuse(reply, clientId, stanErrorTexts.invalidClientId);
      return;
    }
    const known = this.clients.get(clientId);
    if (!known) {
      this.register(request, reply, false);
      return;
    }
    // [STAN-CONN-3]
    if (this.probing.has(clientId)) {
      this.refuse(reply, clientId, stanErrorTexts.invalidClient);
      return;
    }
    this.probe(known, request, reply);
  }

  /** [STAN-CONN-2] The id is taken: by a client that still answers, or by one that died without closing. */
  private probe(known: Client, request: ConnectRequest, reply: string): void {
    const { clientId } = request;
    this.probing.add(clientId);
    const target = { point: 'heartbeat', clientId, channel: '', sequence: 0 } as const;
    this.requester.ask(target, known.record.heartbeatInbox, duplicateProbeMs, (answered) => {
      this.probing.delete(clientId);
      if (answered) this.refuse(reply, clientId, stanErrorTexts.invalidClient);
      else this.register(request, reply, true);
    });
  }

  private register(request: ConnectRequest, reply: string, replaced: boolean): void {
    const { clientId } = request;
    const old = this.clients.get(clientId);
    if (old) this.close(old, 'replaced');
    const client = this.clients.register({
      clientId,
      heartbeatInbox: request.heartbeatInbox,
      connectionId: request.connectionId,
      protocol: request.protocol,
      pingIntervalSecs: request.pingIntervalSecs,
      pingMaxOut: request.pingMaxOut,
    });
    this.context.logger.debug(`[client ${clientId}] ${replaced ? 'replaced an old client' : 'connected'}`);
    this.context.afterFlush((failure) => {
      if (failure) {
        this.refuse(reply, clientId, failure.message);
        return;
      }
      if (this.context.events.isHeard) this.context.events.emit({ type: 'clientConnected', clientId, replaced });
      if (client.isRegistered) this.heartbeats.start(client);
      this.accept(request, reply);
    });
  }

  private accept(request: ConnectRequest, reply: string): void {
    const { subjects } = this;
    const sendsPings = request.protocol >= 1;
    const payload = this.context.encoder.connectResponse({
      pubPrefix: subjects.publish,
      subRequests: subjects.subscribe,
      unsubRequests: subjects.unsubscribe,
      closeRequests: subjects.close,
      subCloseRequests: subjects.subClose,
      pingRequests: sendsPings ? subjects.pings : '',
      pingIntervalSecs: sendsPings ? request.pingIntervalSecs : 0,
      pingMaxOut: sendsPings ? request.pingMaxOut : 0,
      protocol: 1,
    });
    const { clientId } = request;
    this.context.send({ point: 'connectResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  private refuse(reply: string, clientId: string, error: string): void {
    this.context.logger.error(`[client ${clientId}] connect refused: ${error}`);
    if (this.context.events.isHeard) this.context.events.emit({ type: 'clientRefused', clientId, error });
    const payload = this.context.encoder.connectError(error);
    this.context.send({ point: 'connectResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  receiveClose(message: BusMessage): void {
    const reply = message.reply ?? '';
    const clientId = tryDecode(decodeCloseRequest, message.payload);
    if (clientId === undefined) {
      this.answerClose(reply, '', stanErrorTexts.invalidCloseRequest);
      return;
    }
    const client = this.clients.get(clientId);
    if (!client) {
      this.answerClose(reply, clientId, stanErrorTexts.unknownClient);
      return;
    }
    this.close(client, 'request');
    this.context.afterFlush((failure) => this.answerClose(reply, clientId, failure?.message ?? ''));
  }

  private answerClose(reply: string, clientId: string, error: string): void {
    const payload = this.context.encoder.errorResponse(error);
    this.context.send({ point: 'closeResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  /** [STAN-CONN-5] Unregisters a client and closes its subscriptions; durables stay, offline. */
  close(client: Client, reason: 'request' | 'heartbeat' | 'replaced' | 'fault'): void {
    const { clientId } = client.record;
    // Before its subscriptions, so that the same id can come back at once with its durables.
    this.clients.unregister(client);
    for (const subscription of client.subscriptions) this.removal.remove(subscription, false);
    this.context.logger.debug(`[client ${clientId}] closed: ${reason}`);
    if (this.context.events.isHeard) this.context.events.emit({ type: 'clientClosed', clientId, reason });
  }

  receivePing(message: BusMessage): void {
    if (message.payload.length === 0) return;
    const connectionId = tryDecode(decodePing, message.payload);
    if (!connectionId) return;
    const client = this.clients.getByConnection(connectionId);
    if (client) this.heartbeats.hurry(client);
    const payload = this.context.encoder.errorResponse(client ? '' : stanErrorTexts.replacedClient);
    const clientId = client?.record.clientId ?? '';
    this.context.send({ point: 'pingResponse', clientId, channel: '', sequence: 0 }, message.reply ?? '', payload);
  }
}

/** Undefined for bytes that are no such message; each request has its own answer to that. @internal */
export function tryDecode<T>(decode: (buffer: Buffer) => T, payload: Uint8Array): T | undefined {
  try {
    return decode(payload as Buffer);
  } catch {
    return undefined;
  }
}
