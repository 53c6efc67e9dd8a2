import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly to: readonly string[];
  /** By lower-case name, unfolded; a name that stands there twice has both. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Everything below the headers, decoded. */
  readonly body: string;
}

/** An SMTP server that people's addresses are at: it wants a password, and keeps what it takes. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  /** Codes with which recipients are refused, by address. */
  readonly refuses = new Map<string, number>();
  readonly refused: string[] = [];
  /** Of so many mails the answer is lost: they are taken, and the sender does not hear of it. */
  losesAnswers = 0;
  private server: SMTPServer | undefined;
  private port = 0;

  get environment() {
    return { SMTP_URL: `smtp://tenantry:hunter2@127.0.0.1:${this.port}`, MAIL_FROM: 'no-reply@tenantry.test' };
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to.includes(address));
  }

  /** At the same port as before. */
  async open(): Promise<this> {
    const server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _, done) =>
        username === 'tenantry' && password === 'hunter2' ? done(null, { user: username }) : done(new Error('who?')),
      onRcptTo: ({ address }, _, done) => {
        const responseCode = this.refuses.get(address);
        if (responseCode === undefined) return done();
        this.refused.push(address);
        return done(Object.assign(new Error(`<${address}> is refused`), { responseCode }));
      },
      onData: (stream, session, done) => {
        void text(stream).then(async (raw) => {
          this.mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), ...parsed(raw) });
          if (this.losesAnswers === 0) {
            done();
            return;
          }
          this.losesAnswers -= 1;
          await this.close();
          await this.open();
        });
      },
    });
    server.on('error', () => {});
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** Whoever is connected is cut off. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of server.connections) connection._socket.destroy();
    await closed;
  }
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'body'> {
  const end = raw.indexOf('\r\n\r\n');
  const headers: Record<string, string[]> = {};
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    (headers[name.toLowerCase()] ??= []).push(value);
  }
  const coded = raw.slice(end + 4).replaceAll('\r\n', '\n');
  const encoding = headers['content-transfer-encoding']?.[0];
  if (encoding === 'base64') return { headers, body: Buffer.from(coded, 'base64').toString() };
  return { headers, body: encoding === 'quoted-printable' ? unquoted(coded) : coded };
}

const unquoted = (coded: string): string =>
  decodeURIComponent(
    coded
      .replaceAll('=\n', '')
      .replaceAll('%', '%25')
      .replaceAll(/=([0-9A-F]{2})/g, '%$1'),
  );
