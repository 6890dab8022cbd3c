/** Requests to the studio's server, and its events. */

const NO_ANSWER =
  "The studio's server does not answer. Start maskstyle studio again and open its link; your work is saved up to the last second.";

/** Milliseconds until what failed is tried again. */
export const RETRY = 2000;

const PICTURES = /^\/api\/(images|masks|previews|results)\/[^?]/; // these name their version

/** A request that failed; `message` is a sentence for the person, `project` the newest state after a conflict. */
export class RequestError extends Error {
  constructor(message, status, project) {
    super(message);
    this.status = status;
    this.project = project;
  }

  /** Whether the same request may succeed when the server is back. */
  get later() {
    return this.status === 0 || this.status === 401 || this.status >= 500;
  }
}

/** Send a request; return its JSON, or a Blob for pictures. `body` is FormData, a Blob, or a value sent as JSON. */
export async function request(method, path, body, headers = {}) {
  const plain = body === undefined || body instanceof FormData || body instanceof Blob;
  const sent = plain ? headers : { "Content-Type": "application/json", ...headers };
  let response;
  try {
    response = await fetch(path, { method, headers: sent, body: plain ? body : JSON.stringify(body), cache: PICTURES.test(path) ? "default" : "no-store" });
  } catch {
    throw new RequestError(NO_ANSWER, 0);
  }
  if (!response.ok) throw await failure(response);
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : response.blob();
}

async function failure(response) {
  const answer = await response.json().catch(() => ({}));
  const text = typeof answer.detail === "string" ? answer.detail : `the server answered ${response.status}; try again`;
  return new RequestError(sentence(text), response.status, answer.project);
}

/** A sentence of the server with a capital and a full stop. */
export const sentence = (text) => text && `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** Listen to the server's events; `onConnection(connected, refused)` is called as the server comes and goes. */
export function listen(onEvent, onConnection) {
  const source = new EventSource("/api/events");
  source.onopen = () => onConnection(true, false);
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  source.onerror = async () => {
    if (source.readyState !== EventSource.CLOSED) return onConnection(false, false); // the browser tries again
    setTimeout(() => listen(onEvent, onConnection), RETRY);
    onConnection(false, await isRefused());
  };
}

/** Whether the server does not know the cookie of this page, as after a restart: an EventSource does not tell. */
const isRefused = () => request("GET", "/api/renders").then(() => false, ({ status }) => status === 401);
