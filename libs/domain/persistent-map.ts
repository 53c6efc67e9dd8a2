type Branch<V> = { readonly bits: number; readonly slots: readonly Node<V>[] };
/** Key and value stand in the leaf itself, where one read finds both; `next` holds other keys of the same hash. */
type Leaf<V> = { readonly hash: number; readonly key: string; readonly value: V; readonly next?: Leaf<V> | undefined };
type Node<V> = Branch<V> | Leaf<V>;
/** Opaque: how a map stands in JSON. */
export interface Tree<V> {
  readonly size: number;
  readonly root?: Node<V>;
}

const WIDTH = 5;
const isLeaf = <V>(node: Node<V>): node is Leaf<V> => 'key' in node;
const bitOf = (hash: number, shift: number) => 1 << ((hash >>> shift) & 31);
const indexOf = (bits: number, bit: number) => popcount(bits & (bit - 1));

/**
 * An immutable map with string keys: a set or delete shares all but one path with the map it came from.
 * Folding an organization of n members therefore costs n steps of logarithmic work, not n copies of n entries.
 * Source: Bagwell, "Ideal Hash Trees" (2001), with collision lists.
 */
export class PersistentMap<V> {
  private static readonly none = new PersistentMap<never>(undefined, 0);

  private constructor(
    private readonly root: Node<V> | undefined,
    readonly size: number,
  ) {}

  static empty<V>(): PersistentMap<V> {
    return PersistentMap.none;
  }

  static from<V>(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
    let map = PersistentMap.empty<V>();
    for (const [key, value] of entries) map = map.set(key, value);
    return map;
  }

  /** The map as data that JSON can hold; the values are those of the map. */
  toTree(): Tree<V> {
    return { size: this.size, ...(this.root === undefined ? {} : { root: this.root }) };
  }

  /** The very map that the tree was taken from. Believes the tree: it must come from `toTree`. */
  static fromTree<V>({ size, root }: Tree<V>): PersistentMap<V> {
    return root === undefined ? PersistentMap.empty() : new PersistentMap(root, size);
  }

  get(key: string): V | undefined {
    return this.leaf(key)?.value;
  }

  has(key: string): boolean {
    return this.leaf(key) !== undefined;
  }

  set(key: string, value: V): PersistentMap<V> {
    const leaf: Leaf<V> = { hash: hashOf(key), key, value, next: undefined };
    const root = this.root === undefined ? leaf : insert(this.root, leaf, 0);
    return new PersistentMap(root, this.has(key) ? this.size : this.size + 1);
  }

  delete(key: string): PersistentMap<V> {
    if (this.root === undefined || !this.has(key)) return this;
    return new PersistentMap(remove(this.root, key, hashOf(key), 0), this.size - 1);
  }

  *entries(): IterableIterator<readonly [string, V]> {
    if (this.root !== undefined) yield* walk(this.root);
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  private leaf(key: string): Leaf<V> | undefined {
    const hash = hashOf(key);
    let node = this.root;
    for (let shift = 0; node !== undefined; shift += WIDTH) {
      if (isLeaf(node)) return node.hash === hash ? inChain(node, key) : undefined;
      const bit = bitOf(hash, shift);
      if ((node.bits & bit) === 0) return undefined;
      node = node.slots[indexOf(node.bits, bit)];
    }
    return undefined;
  }
}

function insert<V>(node: Node<V>, leaf: Leaf<V>, shift: number): Node<V> {
  if (isLeaf(node)) {
    if (node.hash !== leaf.hash) return insert(lift(node, shift), leaf, shift);
    return { ...leaf, next: withoutKey(node, leaf.key) };
  }
  const bit = bitOf(leaf.hash, shift);
  const index = indexOf(node.bits, bit);
  const present = (node.bits & bit) === 0 ? undefined : node.slots[index];
  const slots = [...node.slots];
  if (present === undefined) slots.splice(index, 0, leaf);
  else slots[index] = insert(present, leaf, shift + WIDTH);
  return { bits: node.bits | bit, slots };
}

const lift = <V>(leaf: Leaf<V>, shift: number): Branch<V> => ({ bits: bitOf(leaf.hash, shift), slots: [leaf] });

function remove<V>(node: Node<V>, key: string, hash: number, shift: number): Node<V> | undefined {
  if (isLeaf(node)) return withoutKey(node, key);
  const bit = bitOf(hash, shift);
  const index = indexOf(node.bits, bit);
  const child = node.slots[index];
  if ((node.bits & bit) === 0 || child === undefined) return node;
  const rest = remove(child, key, hash, shift + WIDTH);
  if (rest !== undefined) return { bits: node.bits, slots: node.slots.with(index, rest) };
  return node.slots.length === 1 ? undefined : { bits: node.bits & ~bit, slots: node.slots.toSpliced(index, 1) };
}

function inChain<V>(leaf: Leaf<V>, key: string): Leaf<V> | undefined {
  let found: Leaf<V> | undefined = leaf;
  while (found !== undefined && found.key !== key) found = found.next;
  return found;
}

function withoutKey<V>(leaf: Leaf<V>, key: string): Leaf<V> | undefined {
  if (inChain(leaf, key) === undefined) return leaf;
  if (leaf.key === key) return leaf.next;
  return { ...leaf, next: leaf.next && withoutKey(leaf.next, key) };
}

function* walk<V>(node: Node<V>): IterableIterator<readonly [string, V]> {
  if (isLeaf(node))
    for (let leaf: Leaf<V> | undefined = node; leaf !== undefined; leaf = leaf.next) yield [leaf.key, leaf.value];
  else for (const slot of node.slots) yield* walk(slot);
}

/** FNV-1a over UTF-16 code units, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function popcount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
