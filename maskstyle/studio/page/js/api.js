/** Requests to the studio's server, and its events. */

const CLIENT = Math.random().toString(36).slice(2);

const NO_ANSWER =
  "The studio's server does not answer. Start maskstyle studio again and open its link; your work is saved up to the last second.";

/** A request that failed; `message` is a sentence for the person, `project` the newest state after a conflict. */
export class RequestError extends Error {
  constructor(message, status, project) {
    super(message);
    this.status = status;
    this.project = project;
  }
}

/** Send a request; return its JSON, or a Blob for pictures. `body` is FormData, a Blob, or a value sent as JSON. */
export async function request(method, path, body, headers = {}) {
  const plain = body === undefined || body instanceof FormData || body instanceof Blob;
  const sent = { "X-Client": CLIENT, ...headers };
  if (!plain) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body: plain ? body : JSON.stringify(body), cache: "no-cache" });
  } catch {
    throw new RequestError(NO_ANSWER, 0);
  }
  if (!response.ok) throw await failure(response);
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : response.blob();
}

async function failure(response) {
  const answer = await response.json().catch(() => ({}));
  const text = typeof answer.detail === "string" ? answer.detail : `The server answered ${response.status}; try again.`;
  return new RequestError(text, response.status, answer.project);
}

/** Listen to the server's events; `onConnection` is called with true and false as the server comes and goes. */
export function listen(onEvent, onConnection) {
  const source = new EventSource("/api/events");
  source.onopen = () => onConnection(true);
  source.onerror = () => onConnection(false);
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.client !== CLIENT) onEvent(event);
  };
  return source;
}
