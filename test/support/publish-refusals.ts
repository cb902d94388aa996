/** One text with which a server refuses a publish. */
export interface PublishRefusal {
  readonly text: string;
  /** What it says of the event, and whether it is tried again. */
  readonly is: 'tried again, possibly stored' | 'final, not stored';
  /** Where the server says it; nats-streaming-server 0.25.6 and the hashicorp/raft 1.6.0 in it. */
  readonly source: string;
}

/**
 * The refusals of a publish in the server's source: `ioLoop` sends the error of `lookupOrCreateChannel`, of the store's
 * `Store()`, or, in a cluster, of the future of `raft.Apply()` as it is.
 */
export const publishRefusals: readonly PublishRefusal[] = [
  {
    text: 'node is not the leader',
    is: 'tried again, possibly stored',
    source: 'raft.go runFollower, runCandidate, leaderLoop',
  },
  {
    text: 'leadership transfer in progress',
    is: 'tried again, possibly stored',
    source: 'raft.go leaderLoop, before dispatchLogs',
  },
  {
    text: 'timed out enqueuing operation',
    is: 'tried again, possibly stored',
    source: 'api.go ApplyLog, before it is in line',
  },
  {
    text: 'stan: channel is being deleted',
    is: 'tried again, possibly stored',
    source: 'server.go lookupOrCreateChannel',
  },
  {
    text: 'leadership lost while committing log',
    is: 'tried again, possibly stored',
    source: 'raft.go runLeader, on its end',
  },
  {
    text: 'snapshot restored while committing log',
    is: 'tried again, possibly stored',
    source: 'raft.go restoreUserSnapshot',
  },
  {
    text: 'raft is already shutdown',
    is: 'tried again, possibly stored',
    source: 'api.go ApplyLog, raft.go processLog',
  },
  { text: 'too many channels', is: 'final, not stored', source: 'stores/store.go, by createChannel' },
  { text: 'different cases not allowed', is: 'final, not stored', source: 'server.go checkCase' },
];

/** What `ApplyLog` and its future never answer; so none of these may be taken for a refusal that passes. */
export const raftTextsOfOtherCalls: readonly string[] = [
  'node is not a voter',
  'nothing new to snapshot',
  'operation not supported with current protocol version',
  'bootstrap only works on new clusters',
];
