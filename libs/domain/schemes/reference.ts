/** Names one version of a role scheme; what it says never changes. */
export interface SchemeRef {
  readonly id: string;
  readonly version: number;
}

/** As metadata and maps name it. */
export const nameOfScheme = ({ id, version }: SchemeRef): string => `${id}@${version}`;

/** Where the versions that a realm has defined stand, each as JSON. */
export interface DefinesSchemes {
  readonly schemes?: Readonly<Record<string, string>>;
}
