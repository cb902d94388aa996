export { PublishLedger, publishOverheadBytes } from './publish-ledger.js';
export type { PublishReceipt } from '../options/publish-receipt.js';
export type { PublishOutcome } from './publish-entry.js';
