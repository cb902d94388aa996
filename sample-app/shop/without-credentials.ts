/** Server URLs as they may be shown: user, password and token are hidden. Takes a comma-separated list too. */
export function withoutCredentials(urls: string): string {
  return urls.replaceAll(/(^|\/\/|,)[^@/,]*@/g, '$1***@');
}
