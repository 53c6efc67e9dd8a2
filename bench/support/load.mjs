import autocannon from 'autocannon';

const CONNECTIONS = 50;

/** Requests per second of one kind, for so many seconds, all answered with 200. */
export async function requestRate(url, { connections = CONNECTIONS, seconds = 2, ...request } = {}) {
  const result = await autocannon({ url, connections, duration: seconds, ...request });
  allAnswered(url, result);
  return result.requests.average;
}

/** Requests per second where each of the given ones is sent once, their number a multiple of the connections. */
export async function onceEach(url, requests) {
  const share = requests.length / CONNECTIONS;
  if (!Number.isInteger(share)) throw new RangeError(`${requests.length} requests over ${CONNECTIONS} connections`);
  let next = 0;
  const setupClient = (client) => {
    client.setRequests(requests.slice(share * next, share * (next + 1)));
    next += 1;
  };
  const arrived = [];
  const running = autocannon({ url, connections: CONNECTIONS, amount: requests.length, setupClient });
  running.on('response', () => arrived.push(performance.now()));
  allAnswered(url, await running);
  // From the first answer: what comes before is making the requests ready.
  return ((arrived.length - 1) / (arrived.at(-1) - arrived[0])) * 1000;
}

function allAnswered(url, { non2xx, errors }) {
  if (non2xx + errors > 0) throw new Error(`${url}: ${non2xx} refused, ${errors} failed`);
}

/** An AuthZEN question as it is sent: whether a person may do something in an organization, or in an environment of it. */
export const questionOf = ({ person, action, type, id, token }) =>
  requestOf(token, { subject: { type: 'user', id: person }, action: { name: action }, resource: { type, id } });

/** A body as it is posted by the token's holder. */
export const requestOf = (token, body) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
});

/** A question to `permit()` in the words of AuthZEN. */
export const authZenOf = ({ principal, permission, resource: { orgId, environmentId } }) => ({
  subject: { type: 'user', id: principal },
  action: { name: permission },
  resource:
    environmentId === undefined ? { type: 'org', id: orgId } : { type: 'environment', id: `${orgId}/${environmentId}` },
});
