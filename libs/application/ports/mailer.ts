/** A mail to one person, in plain text. */
export interface Mail {
  /** Without brackets; the same for each repeat of one mail, by which whoever receives it twice knows. */
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Accepted, or refused in a way that no repeat changes; `code` holds nothing of the mail. */
export type Posted = { readonly accepted: true } | { readonly accepted: false; readonly code: string };

export abstract class Mailer {
  /** Throws ReactionFailed where a repeat may help. */
  abstract send(mail: Mail, signal: AbortSignal): Promise<Posted>;
}
