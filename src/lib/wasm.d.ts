/**
 * The little of WebAssembly that this project touches, since Node's types leave it out.
 */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }
  class Global {
    constructor(descriptor: { value: 'i32'; mutable: boolean }, value: number);
    value: number;
  }
  class Table {
    constructor(descriptor: { element: 'anyfunc'; initial: number });
    readonly length: number;
    get(index: number): ((...args: number[]) => unknown) | null;
    set(index: number, value: null): void;
    grow(by: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): Array<{ module: string; name: string; kind: 'function' | 'table' | 'memory' | 'global' | 'tag' }>;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class RuntimeError extends Error {}
  class LinkError extends Error {}
}
