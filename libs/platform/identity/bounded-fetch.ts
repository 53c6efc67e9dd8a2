const maxBytes = 1 << 20;

/** Fetches a document of at most 1 MiB, body and all, so that the caller's time limit covers all of it. */
export type BoundedFetch = (url: string, init: RequestInit) => Promise<Response>;

/** The answer with its body read; whatever is no 200 is answered as a 502 without a body. */
export async function boundedAnswer(url: string, status: number, body: AsyncIterable<Uint8Array>): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`${url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Response(status === 200 ? Buffer.concat(chunks) : null, { status: status === 200 ? 200 : 502 });
}

/** For addresses that the operator has configured. */
export const boundedFetch: BoundedFetch = async (url, init) => {
  const response = await fetch(url, init);
  return boundedAnswer(url, response.status, response.body ?? nothing());
};

async function* nothing(): AsyncIterable<Uint8Array> {}
