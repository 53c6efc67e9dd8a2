const maxBytes = 1 << 20;

/** `fetch` that reads at most 1 MiB and takes the body along, so that the caller's time limit covers all of it. */
export async function boundedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`${url} answered more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const { status } = response;
  return new Response(status === 200 ? Buffer.concat(chunks) : null, { status: status === 200 ? 200 : 502 });
}
