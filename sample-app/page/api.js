/* global document */

/** What is wrong: with what somebody did, and with what the page reads by itself all the time. */
const problems = { action: '', reading: '' };

/** Asks the server; a refusal is shown at the top of the page and thrown. */
export async function ask(method, path, body) {
  const kind = method === 'GET' ? 'reading' : 'action';
  const answer = await fetch(`/api/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }).catch(() => undefined);
  if (!answer) return fail(kind, 'the shop does not answer: is npm start still running?');
  const content = await answer.json().catch(() => undefined);
  if (!answer.ok) return fail(kind, [content?.message ?? `the shop answered ${answer.status}`].flat().join('; '));
  // The refusal of an action stays until the next one, however often the page has read something since.
  showProblem(kind, '');
  return content;
}

/** The page is connected again. */
export function forgetProblems() {
  for (const kind of Object.keys(problems)) showProblem(kind, '');
}

/** Shows a problem at the top of the page; an empty one hides it. */
function showProblem(kind, text) {
  problems[kind] = text;
  const place = document.getElementById('problem');
  place.textContent = problems.action || problems.reading;
  place.hidden = place.textContent === '';
}

function fail(kind, message) {
  showProblem(kind, message);
  throw new Error(message);
}
