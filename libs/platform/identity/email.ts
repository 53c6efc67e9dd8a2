const shape = /^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,189}$/u;

export function isEmail(value: string): boolean {
  return shape.test(value) && value.normalize('NFC') === value;
}

/** An address that mail can come from: ASCII, so that every server takes it, and its domain may end a Message-ID. */
export function isMailbox(value: string): boolean {
  return /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}$/.test(value);
}

/** Lower case for A to Z only: full case folding makes distinct addresses look alike. */
export function asciiLowerCase(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
