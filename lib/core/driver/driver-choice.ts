import type { ResolvedConnectionOptions } from '../options/connection-options.js';
import { driverMakerKey } from '../options/driver-choice.js';
import type { StanDriverChoice } from '../options/driver-choice.js';
import type { BrokerNames, Driver } from './driver.js';

/** @internal */
export type DriverMaker = (options: ResolvedConnectionOptions) => Driver;

/**
 * A choice that a user can hand over without seeing into it.
 * @internal
 */
export function driverChoice(names: BrokerNames, make: DriverMaker): StanDriverChoice {
  return Object.freeze({ ...names, [driverMakerKey]: make });
}

/**
 * Makes the driver that the options choose, `undefined` where they leave it to the caller.
 * @internal
 */
export function chosenDriver(options: ResolvedConnectionOptions): Driver | undefined {
  const { driver } = options;
  if (driver === undefined) return undefined;
  // The rule of the option has just proven it.
  return (driver as StanDriverChoice & { readonly [driverMakerKey]: DriverMaker })[driverMakerKey](options);
}
