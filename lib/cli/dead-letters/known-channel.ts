import { StanMonitoring } from '../../monitoring/index.js';
import { CommandError } from './command.error.js';

/**
 * Refuses a subject that the server has no channel for: to subscribe to it, as reading does, would make one. STAN itself
 * has no word to ask by, so that takes its monitoring endpoint.
 * @throws CommandError where there is no such channel; StanMonitoringError where the endpoint cannot be asked
 * @internal
 */
export async function refuseUnknownChannel(monitoringUrl: string, subject: string): Promise<void> {
  const channel = await new StanMonitoring({ url: monitoringUrl }).channelz(subject);
  if (channel !== undefined) return;
  throw new CommandError(
    `the server has no channel "${subject}": nothing has been dead-lettered there yet, or the name is misspelled`,
  );
}
