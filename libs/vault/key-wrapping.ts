import type { KeyObject } from 'node:crypto';
import { unwrapUnderAny, wrapKey } from './sealed-field.js';
import type { SubjectKey } from './subject-keys.js';

/**
 * What wraps the data keys that personal data and secrets are under, and never leaves its place: the master key in a file, or
 * a key management service. A wrapped key opens for the subject and the id only that it was wrapped for.
 */
export abstract class KeyWrapping {
  abstract wrap(subject: string, kid: string, key: Buffer): Promise<Uint8Array>;
  /** Undefined where it was wrapped by another one or for another subject, or was changed. */
  abstract unwrap(subject: string, key: SubjectKey): Promise<Buffer | undefined>;
  /** Whether it is wrapped as `wrap` would do it now, not as before a rotation. */
  abstract isCurrent(subject: string, key: SubjectKey): Promise<boolean>;
}

export interface Masters {
  readonly master: KeyObject;
  /** From before rotations. */
  readonly formerMasters?: readonly KeyObject[];
}

type Ring = readonly [KeyObject, ...KeyObject[]];

/** The master key of `KEY_DIR`, by AES-256-GCM in this process. */
export class MasterKeys extends KeyWrapping {
  private ring: Ring;

  /** `reread` brings the keys as they are now, where they may have been rotated since. */
  constructor(
    masters: Masters,
    private readonly reread: () => Promise<Masters> = async () => masters,
  ) {
    super();
    this.ring = ringOf(masters);
  }

  override async wrap(subject: string, kid: string, key: Buffer): Promise<Uint8Array> {
    return wrapKey(this.ring[0], subject, kid, key);
  }

  override async unwrap(subject: string, key: SubjectKey): Promise<Buffer | undefined> {
    const bytes = unwrapUnderAny(this.ring, subject, key);
    if (bytes !== undefined) return bytes;
    this.ring = ringOf(await this.reread());
    return unwrapUnderAny(this.ring, subject, key);
  }

  override async isCurrent(subject: string, key: SubjectKey): Promise<boolean> {
    return unwrapUnderAny([this.ring[0]], subject, key) !== undefined;
  }
}

const ringOf = ({ master, formerMasters = [] }: Masters): Ring => [master, ...formerMasters];
