// What diagnose asks of the source analysis, and what it answers. Offsets never leave source/: only lines do.

/** Python source of one file of the target, already read. */
export interface SourceFile {
  /** Path as the target knows it. */
  readonly path: string;
  /** Dotted module name; `__main__` for the script. */
  readonly module: string;
  readonly text: string;
}

/** How the program reaches the holder. */
export type HolderReference =
  /** `module.name` */
  | { readonly form: 'global'; readonly module: string; readonly name: string }
  /** Class attribute `module.Class.name`, reached as Class.name, cls.name or self.name. */
  | { readonly form: 'class attribute'; readonly module: string; readonly className: string; readonly name: string }
  /** Instance attribute `.name` of instances of `module.Class`. `owner` is the global the instance hangs on, if any. */
  | {
      readonly form: 'instance attribute';
      readonly module: string;
      readonly className: string;
      readonly name: string;
      readonly owner?: { readonly module: string; readonly name: string };
    }
  /** Memoised function or method (lru_cache and friends), by its qualified name. */
  | { readonly form: 'function cache'; readonly module: string; readonly qualname: string }
  /** Closure variable `name` of function `qualname` (or of functions nested in it). */
  | { readonly form: 'closure'; readonly module: string; readonly qualname: string; readonly name: string }
  /** Mutable default of parameter `name`, or of the parameter with the default at the place `[0]`. */
  | { readonly form: 'default argument'; readonly module: string; readonly qualname: string; readonly name: string }
  /** Local variable `name` of a running function. */
  | { readonly form: 'local'; readonly module: string; readonly qualname: string; readonly name: string };

/** A line that was seen on a stack while the holder grew. */
export interface SeenLine {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

export interface GrowthSiteQuery {
  readonly holder: HolderReference;
  /** Qualified names (`module.Class`) of the types that grow, most first: their constructor calls are sites of last resort. */
  readonly growingTypes: readonly string[];
  /** Lines seen running: sites in their functions come before others of their kind. */
  readonly running?: readonly SeenLine[];
}

export interface SourceSite {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** Qualified name of the enclosing function; `<module>` at top level. */
  readonly function: string;
  readonly basis: 'writes holder' | 'calls writer' | 'creates';
  /** The operation: `subscript assignment`, `append`, `setdefault`, `augmented assignment`, `call`, … */
  readonly operation: string;
  /** The source line, trimmed. */
  readonly code: string;
}

export interface GrowthSites {
  /** Writes first, then callers of the writers (outwards, application code before libraries), then constructor calls. */
  readonly grows: readonly SourceSite[];
  /** Lines that remove from the holder: pop, del, clear, discard, rebinding, slice deletion, bounded by len(). */
  readonly shrinks: readonly SourceSite[];
  /** A bound written in the source (`maxsize=20000`, `maxlen=…`), when it is a constant. */
  readonly bound?: number;
  /** Files that did not parse, with the parser's message. */
  readonly unparsed: readonly { readonly path: string; readonly message: string }[];
}
