/** Whether the type is named: who accepts anything gets JSON. */
export const accepts = (header: string | undefined, type: string): boolean =>
  (header ?? '').split(',').some((part) => part.split(';')[0]?.trim().toLowerCase() === type);
