import { createTransport } from 'nodemailer';
import { type Mail, Mailer, type Posted } from '#libs/application/ports/mailer.js';
import { ReactionFailed } from '#libs/application/reactions/reaction.js';
import { oneLine } from '#libs/domain/text.js';
import { isLoopback } from '../config-values.js';
import type { Secret } from '../secret.js';

export interface SmtpOptions {
  /** `smtp://` (with STARTTLS where the server offers it) or `smtps://`; what stands in its query are settings of nodemailer. */
  readonly url: Secret<string>;
  /** An address. */
  readonly from: string;
}

/** Less than what a reaction is given, so that a server that hangs is told as such. */
const TIMEOUT_MS = 10_000;

/** Without what has a meaning in a header or an envelope: nodemailer reads `<a@b.test` and `x,a@b.test` as `a@b.test`. */
const plainAddress = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/u;

/** Hands mails to one SMTP server, a connection for each. What it throws holds nothing that the server said. */
export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor(private readonly options: SmtpOptions) {
    super();
    const { username, hostname } = new URL(options.url.reveal());
    this.transport = createTransport({
      url: options.url.reveal(),
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      dnsTimeout: TIMEOUT_MS,
      // A password goes to another machine only where nobody on the way reads it.
      requireTLS: username !== '' && !isLoopback(hostname),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  override async send({ messageId, to, subject, text }: Mail, signal: AbortSignal): Promise<Posted> {
    const { from } = this.options;
    if (!plainAddress.test(to)) return { accepted: false, code: 'address' };
    try {
      await this.transport.sendMail({
        messageId: `<${messageId}@${from.slice(from.lastIndexOf('@') + 1)}>`,
        from: { name: '', address: from },
        to: { name: '', address: to },
        envelope: { from, to: [to] },
        subject: oneLine(subject),
        text,
        // So that no absence answers, and nothing answers the answer.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      });
      return { accepted: true };
    } catch (error) {
      const { code, permanent } = refusalOf(error);
      if (permanent) return { accepted: false, code };
      // Without the error as its cause: it repeats the server's words, which repeat the address.
      throw new ReactionFailed(`smtp_${code}`);
    }
  }
}

/**
 * RFC 5321, 4.2.1: 5yz is final. Only what was said of the recipient or the message counts as such: a refused login or
 * sender is a matter of configuration, and may be another one tomorrow.
 */
function refusalOf(error: unknown): { readonly code: string; readonly permanent: boolean } {
  if (!(error instanceof Error)) return { code: 'failed', permanent: false };
  const { code, command, responseCode } = error as Error &
    Partial<Record<'code' | 'command' | 'responseCode', unknown>>;
  if (typeof responseCode === 'number')
    return {
      code: `${responseCode}`,
      permanent: responseCode >= 500 && (command === 'RCPT TO' || code === 'EMESSAGE'),
    };
  return { code: typeof code === 'string' ? code : 'failed', permanent: false };
}
