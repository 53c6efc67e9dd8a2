import type { IncomingMessage, ServerResponse } from 'node:http';
import { OutsideServer } from './outside-server.js';

export interface Delivery {
  readonly path: string;
  readonly organization: string | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

/** Somebody outside who is given checkpoints, and can answer otherwise. */
export class Witness extends OutsideServer {
  readonly deliveries: Delivery[] = [];
  /** How it answers; 204 unless set. */
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end();

  get url(): string {
    return `${this.origin}/checkpoints`;
  }

  protected take({ headers, url = '' }: IncomingMessage, text: string, response: ServerResponse): void {
    const organization = headers['tenantry-organization'];
    this.deliveries.push({ path: url, organization: organization?.toString(), type: headers['content-type'], text });
    this.answer(response);
  }
}
