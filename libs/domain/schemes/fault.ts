/** One thing that is wrong with a scheme document. */
export interface Fault {
  /** Where in the document: member names and indexes, joined by dots. */
  readonly path: string;
  readonly message: string;
}
