const shape = /^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,189}$/u;

export function isEmail(value: string): boolean {
  return shape.test(value) && value.normalize('NFC') === value;
}

/** Lower case for A to Z only: full case folding makes distinct addresses look alike. */
export function asciiLowerCase(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
