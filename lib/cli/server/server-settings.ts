/** What the command line of `nestjs-stan server` says. @internal */
export interface ServerSettings {
  port: number;
  monitoringPort: number | undefined;
  host: string;
  clusterId: string;
  store: 'MEMORY' | 'FILE';
  directory: string | undefined;
  heartbeatIntervalMs: number;
  heartbeatTimeoutMs: number;
  maxFailedHeartbeats: number;
  maxChannels: number;
  maxSubscriptions: number;
  maxMessages: number;
  maxBytes: number;
  maxAgeMs: number;
  maxInactivityMs: number;
  user: string | undefined;
  password: string | undefined;
  token: string | undefined;
  /** Prints what the broker does, message by message. */
  debug: boolean;
  showHelp: boolean;
  showVersion: boolean;
}
