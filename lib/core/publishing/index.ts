export { systemPublishClock, type PublishClock, type PublishTimer } from './publish-clock.js';
export type { PublishDone } from './publish-entry.js';
export { PublishLedger, publishOverheadBytes, type PublishLedgerSetup } from './publish-ledger.js';
export type { PublishReceipt } from './publish-receipt.js';
