/** The payloads that are measured, the first one alone where a size is enough. */
export const payloads = [128, 1_024, 16_384];

/** @param {number} bytes */
export const sizeText = (bytes) => (bytes < 1_024 ? `${bytes} B` : `${bytes / 1_024} KB`);

/** How many messages a round sends: enough to be steady, few enough to end in time. */
export function countFor(payloadBytes, quick) {
  const full = { 128: 20_000, 1_024: 15_000, 16_384: 3_000 }[payloadBytes];
  return quick ? full / 5 : full;
}

export const perSecond = { key: 'perSecond', unit: 'msg/s' };
export const cpu = { key: 'cpuMicrosPerMessage', name: 'cpu', unit: 'µs/msg' };
