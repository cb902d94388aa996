/** Control characters of C0 and C1, line and paragraph separators, and what turns the direction of writing. */
// eslint-disable-next-line no-control-regex -- control characters are what it has to find
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text from outside on one line of a log or a terminal: what could begin another line or steer the terminal is shown as
 * its escape.
 * @internal
 */
export function printable(text: string): string {
  return text.replace(unprintable, escape);
}

/**
 * {@link printable} for a text of several lines, which keeps its line feeds and tabs.
 * @internal
 */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => ('\n\t'.includes(character) ? character : escape(character)));
}

/**
 * {@link printableLines} for an error's stack: only its frames begin a line, so that no line of its message can look like
 * one of the log.
 * @internal
 */
export function printableStack(stack: string): string {
  return printableLines(stack.replace(/\n(?! {4}at )/g, escape));
}

/** As in JSON, so that JSON stays what it was. */
const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escape(character: string): string {
  return shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
