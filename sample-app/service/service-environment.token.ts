/** Injects the {@link ServiceEnvironment}. */
export const SERVICE_ENVIRONMENT = Symbol('SERVICE_ENVIRONMENT');
