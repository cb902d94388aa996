export { PublishLedger, publishOverheadBytes } from './publish-ledger.js';
export type { PublishReceipt } from '../options/publish-receipt.js';
