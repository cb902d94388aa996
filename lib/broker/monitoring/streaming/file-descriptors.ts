import { readdirSync, readFileSync } from 'node:fs';

/**
 * Open files of this process and how many it may have, where the system tells (Linux); an empty object elsewhere, as at
 * the real server.
 * @internal
 */
export function fileDescriptors(): { readonly open_fds?: number; readonly max_fds?: number } {
  try {
    const open = readdirSync('/proc/self/fd').length;
    const max = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return { open_fds: open, ...(max !== undefined && { max_fds: Number(max) }) };
  } catch {
    return {}; // no such file system here
  }
}
