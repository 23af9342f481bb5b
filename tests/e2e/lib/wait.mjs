// Waiting for what gives no event, with an end.

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Resolves when the condition holds; `what` names it in the error if it never does. */
export async function until(condition, what, limitMs = 10_000) {
  const deadline = Date.now() + limitMs;
  while (!await condition()) {
    if (Date.now() > deadline)
      throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(5);
  }
}

/** What `ask` resolves with once it is not too fast any more. */
export async function patiently(ask) {
  for (;;) {
    const reply = await ask();
    if (reply.code !== 'rate_limited')
      return reply;
    await pause(reply.retryAfterMs);
  }
}

/** The promise's own result, or an error when it takes too long. */
export async function within(promise, what, limitMs = 10_000) {
  let timer;
  const late = new Error(`not within ${limitMs} ms: ${what}`);
  try {
    return await Promise.race([promise, new Promise((_, reject) => {
      timer = setTimeout(() => reject(late), limitMs);
    })]);
  } finally {
    clearTimeout(timer);
  }
}
