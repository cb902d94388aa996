/* global document */

/** Asks the server; a refusal is shown at the top of the page and thrown. */
export async function ask(method, path, body) {
  const answer = await fetch(`/api/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }).catch(() => undefined);
  if (!answer) return fail('the shop does not answer: is npm start still running?');
  const content = await answer.json().catch(() => undefined);
  if (!answer.ok) return fail([content?.message ?? `the shop answered ${answer.status}`].flat().join('; '));
  showProblem('');
  return content;
}

/** Shows a problem at the top of the page; an empty one hides it. */
export function showProblem(text) {
  const place = document.getElementById('problem');
  place.textContent = text;
  place.hidden = text === '';
}

function fail(message) {
  showProblem(message);
  throw new Error(message);
}
