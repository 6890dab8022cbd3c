/** Calls to the worker as promises. */

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let last = 0;

worker.onmessage = ({ data: { id, output, error } }) => {
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(output);
};

/** Run an operation of `worker.js`; buffers in `moved` are handed over, not copied. */
export function inBackground(operation, input, moved = []) {
  return new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    worker.postMessage({ id: last, operation, input }, moved);
  });
}
