/** What a path of the monitoring port answers. @internal */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** @internal */
export function jsonPage(content: object, indent = 2, status = 200): Page {
  return { status, type: 'application/json', body: JSON.stringify(content, undefined, indent) };
}

/** @internal */
export function textPage(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body };
}

/** @internal */
export function htmlPage(body: string): Page {
  return { status: 200, type: 'text/html; charset=utf-8', body };
}
