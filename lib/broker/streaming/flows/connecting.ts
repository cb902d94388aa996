import type { EventFeed } from '../../events/event-feed.js';
import type { BusMessage } from '../../nats/bus.js';
import { fitsProtocolLine } from '../../nats/subject.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';
import { decodeCloseRequest, decodeConnectRequest, decodePing } from '../../protocol/decode.js';
import type { StanEncoder } from '../../protocol/encode.js';
import type { ConnectRequest } from '../../protocol/messages.js';
import type { ServerSubjects } from '../../protocol/server-subjects.js';
import { stanErrorTexts } from '../../protocol/stan-error-texts.js';
import { tryDecode } from '../../protocol/try-decode.js';
import type { Client } from '../state/client.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { Heartbeats } from './heartbeats.js';
import type { Outlet } from './outlet.js';
import type { Removal } from './removal.js';
import type { Requester } from './requester.js';
import type { WriteBehind } from './write-behind.js';

/** How long a client has to prove that its id is in use. Source: server.go defaultCheckDupCIDTimeout. */
const duplicateProbeMs = 500;

/** What {@link Connecting} needs. @internal */
export interface ConnectingNeeds {
  readonly subjects: ServerSubjects;
  readonly clients: ClientRegistry;
  readonly heartbeats: Heartbeats;
  readonly requester: Requester;
  readonly removal: Removal;
  readonly outlet: Outlet;
  readonly writeBehind: WriteBehind;
  readonly encoder: StanEncoder;
  readonly events: EventFeed;
  readonly logger: BrokerLogger;
}

/**
 * Registers clients and closes them.
 * @internal
 */
export class Connecting {
  private readonly probing = new Set<string>();

  constructor(private readonly needs: ConnectingNeeds) {}

  receiveConnect(message: BusMessage): void {
    const reply = message.reply ?? '';
    const request = tryDecode(decodeConnectRequest, message.payload);
    if (request === undefined || !fitsProtocolLine(request.heartbeatInbox)) {
      this.refuse(reply, request?.clientId ?? '', stanErrorTexts.invalidConnectRequest);
      return;
    }
    const { clientId } = request;
    if (!/^[a-zA-Z0-9_-]+$/.test(clientId)) {
      this.refuse(reply, clientId, stanErrorTexts.invalidClientId);
      return;
    }
    const known = this.needs.clients.get(clientId);
    if (known === undefined) {
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
    this.needs.requester.request(target, known.record.heartbeatInbox, duplicateProbeMs, (answered) => {
      this.probing.delete(clientId);
      if (answered) this.refuse(reply, clientId, stanErrorTexts.invalidClient);
      else this.register(request, reply, true);
    });
  }

  private register(request: ConnectRequest, reply: string, replaced: boolean): void {
    const { clientId } = request;
    const old = this.needs.clients.get(clientId);
    if (old !== undefined) this.close(old, 'replaced');
    const client = this.needs.clients.register({
      clientId,
      heartbeatInbox: request.heartbeatInbox,
      connectionId: request.connectionId,
      protocol: request.protocol,
      pingIntervalSecs: request.pingIntervalSecs,
      pingMaxOut: request.pingMaxOut,
    });
    this.needs.logger.debug(`[client ${clientId}] ${replaced ? 'replaced an old client' : 'connected'}`);
    this.needs.writeBehind.afterFlush((failure) => {
      if (failure !== undefined) {
        this.refuse(reply, clientId, failure.message);
        return;
      }
      if (this.needs.events.hasListeners) this.needs.events.emit({ type: 'clientConnected', clientId, replaced });
      if (client.isRegistered) this.needs.heartbeats.start(client);
      this.accept(request, reply);
    });
  }

  private accept(request: ConnectRequest, reply: string): void {
    const { subjects } = this.needs;
    const sendsPings = request.protocol >= 1;
    const payload = this.needs.encoder.connectResponse({
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
    this.needs.outlet.send({ point: 'connectResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  private refuse(reply: string, clientId: string, error: string): void {
    this.needs.logger.error(`[client ${clientId}] connect refused: ${error}`);
    if (this.needs.events.hasListeners) this.needs.events.emit({ type: 'clientRefused', clientId, error });
    const payload = this.needs.encoder.connectError(error);
    this.needs.outlet.send({ point: 'connectResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  receiveClose(message: BusMessage): void {
    const reply = message.reply ?? '';
    const clientId = tryDecode(decodeCloseRequest, message.payload);
    if (clientId === undefined) {
      this.answerClose(reply, '', stanErrorTexts.invalidCloseRequest);
      return;
    }
    const client = this.needs.clients.get(clientId);
    if (client === undefined) {
      this.answerClose(reply, clientId, stanErrorTexts.unknownClient);
      return;
    }
    this.close(client, 'request');
    this.needs.writeBehind.afterFlush((failure) => this.answerClose(reply, clientId, failure?.message ?? ''));
  }

  private answerClose(reply: string, clientId: string, error: string): void {
    const payload = this.needs.encoder.errorResponse(error);
    this.needs.outlet.send({ point: 'closeResponse', clientId, channel: '', sequence: 0 }, reply, payload);
  }

  /** [STAN-CONN-5] Unregisters a client and closes its subscriptions; durables stay, offline. */
  close(client: Client, reason: 'request' | 'heartbeat' | 'replaced' | 'fault'): void {
    const clientId = client.id;
    // Before its subscriptions, so that the same id can come back at once with its durables.
    this.needs.clients.unregister(client);
    for (const subscription of client.subscriptions) this.needs.removal.remove(subscription, false);
    this.needs.logger.debug(`[client ${clientId}] closed: ${reason}`);
    if (this.needs.events.hasListeners) this.needs.events.emit({ type: 'clientClosed', clientId, reason });
  }

  receivePing(message: BusMessage): void {
    if (message.payload.length === 0) return;
    const connectionId = tryDecode(decodePing, message.payload);
    if (connectionId === undefined) return;
    const client = this.needs.clients.getByConnection(connectionId);
    if (client !== undefined) this.needs.heartbeats.checkNow(client);
    const payload = this.needs.encoder.errorResponse(client !== undefined ? '' : stanErrorTexts.replacedClient);
    const clientId = client?.id ?? '';
    this.needs.outlet.send({ point: 'pingResponse', clientId, channel: '', sequence: 0 }, message.reply ?? '', payload);
  }
}
