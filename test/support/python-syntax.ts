// Python programs with the syntax that versions of the language brought, for tests of the parser: what a standard library
// seldom has, and where CPython's places are easily missed.

export interface SyntaxSample {
  readonly name: string;
  /** The first 3.x whose CPython reads it as we do. */
  readonly since: number;
  readonly text: string;
}

const SAMPLES: readonly (readonly [name: string, since: number, text: string])[] = [
  ['PEP 572: assignment expressions', 10, 'if (n := 1): pass\n[y := 1, y]\nf(x := 1)\na[i := 0]\n{(z := 1): 2}\n'],
  ['PEP 570: positional-only parameters', 9, 'def f(a, b=1, /, c=2, *, d, e=3, **k): pass\nlambda a, /, *b: 0\n'],
  ['PEP 614: decorators of any kind', 9, '@a[0].b\n@(x := y)\ndef f(): pass\n@c\nclass C: pass\n'],
  [
    'PEP 617: with in parentheses',
    9,
    'with (open(a) as x, open(b) as y,):\n    pass\nwith (a, b): pass\nwith (a): pass\nwith (a, b) as c: pass\nwith (a).b as c, d: pass\nwith (yield): pass\nwith (a for a in b) as c: pass\nwith (*a, b): pass\nwith a as (b, *c), d as e.f: pass\n',
  ],
  [
    'PEP 634: match',
    10,
    'match x, y:\n    case {"a": [1, *_], -1: None, A.b: _, **rest} | None if y: pass\n    case P(1, x=1 + 2j, y=a.b()) as p: pass\n    case (a, *b), [], (), (c): pass\n    case "a" "b" | -1.5 | True: pass\n    case a, : pass\nmatch (x)\nmatch [x]\nmatch -x\nmatch * x\nmatch.x = match[1:2]\nmatch(x).y: int\nmatch not in x\nmatch = case = type = _ = 1\nmatch (x):\n    case _: pass\nmatch -x, :\n    case [*_]: pass\nmatch [*a, b]:\n    case case.match: pass\nmatch match:\n    case case: pass\n',
  ],
  ['PEP 646: variadic generics', 11, 'a[*b] = 1\na[*b, c:d]\ndef f(*args: *Ts): pass\n'],
  ['PEP 654: exception groups', 11, 'try:\n    pass\nexcept* ValueError as e:\n    pass\nexcept *(A, B): pass\n'],
  [
    'PEP 695: type parameters',
    12,
    'type A[T: int, *Ts, **P] = list[T]\ndef f[T](x: T) -> T: pass\nclass C[T](B, metaclass=M): pass\ntype = 1\ntype (x)\ntype[x]\ntype\n',
  ],
  [
    'PEP 701: f-strings',
    12,
    'x = f"{d["k"]} {f"{y}"}"\nf"{x!r:>{w}}{{}}{y = }{z=!s:a{b}c}é{q}"\nf"{x:%H:%M}{x:{y}}{x:=5}{x!=y}" if 0 else f\'{a:{b:{c}}}\'\n',
  ],
  [
    'implicit concatenation',
    12,
    'x = ("a" f"{b}" "c"\n  "d" f"" "e")\nf"" ""\nb"a" b"b"\nr"\\n" u"\\n" "\\x41\\u00e9\\U0001F600\\101\\q"\nf"\\N{DIGIT ONE}{a}\\{b}" rf"\\N{a}\\{b}"\nf"""{\n  a  # why\n  = }{b:\n}\n"""\n',
  ],
  ['PEP 696: defaults of type parameters', 13, 'class C[T = int, *Ts = *tuple[int], **P = [int]]: pass\n'],
  [
    'PEP 758: except without parentheses',
    14,
    'try:\n    pass\nexcept f(a, b), C:\n    pass\nexcept A[x, y], B: pass\n',
  ],
  ['PEP 750: template strings', 14, 'x = t"hello {name!r:>{w}} {{}}" rt"\\{x}"\nt"{x = }"\n'],
  [
    'PEP 798: unpacking in comprehensions',
    15,
    '[*x for x in y]\n{*x for x in y}\n(*x for x in y)\n{**x for x in y}\nf(*x for x in y)\n',
  ],
  ['PEP 810: lazy imports', 15, 'lazy import a.b as c, d\nlazy from . import e\nlazy = 1\nlazy.x\n'],
  [
    'operators',
    8,
    'x = -a ** -b ** c * ~d // e % f @ g + h << i & j ^ k | l\nnot a in b\nnot a < b <= c is not d not in e\na or b and not c or d\nawait_ = a if b else c if d else lambda x=1, *y: z\nx += yield\nx @= y, z\nx = *a, b\n(yield)\n((a)) + (b)\n',
  ],
  [
    'places of parentheses',
    9,
    '(a)\n(a).b\n((a, b))\na, b,\n(a)[(b)]\nf((a))\nf(a for a in b)\nf((a for a in b))\nx[a:b, ::c, d]\nx[(a, b)]\nx[a, ]\n(a): int = 1\ndel (a), b\ndel (a, b)\nfor (a), b in c, d: pass\nreturn_ = [(a) for (a) in (b) if (c) if d for e in f]\nassert (a, b)\n',
  ],
  [
    'async',
    8,
    'async def f():\n    async with a as b, c: pass\n    async for x in y: await z ** 2\n    else: pass\n    return [x async for x in y]\n',
  ],
  ['imports', 10, 'import a.b.c as d, e\nfrom ... import x\nfrom ....a.b import (c as d, e,)\nfrom .a import *\n'],
  [
    'layout',
    9,
    '\ufeffdef f(): pass; x = 1;\nif a:\n\tb\n\tif c:\n        \td\n\x0c\nelif e: \\\n  f\nelse:\n  # comment\n\n  g\r\nh = (1,\r\n  2)\rwhile x: pass\nelse: y\ntry: a\nexcept: b\nelse: c\nfinally: d',
  ],
  [
    'numbers',
    9,
    '0, 00, 1_000, 0xFF_f, 0o17, 0b1_0, 1e5, 1.5E-3, .5, 5., 1j, 1_0.0_1e+1_0J, 12345678901234567890, 0xFFFFFFFFFFFFFFFFF\n1if 2else 3\n1..real\n',
  ],
  ['names', 9, 'µ = ｗｉｄｔｈ = café = 变量 = x·y\n𝒙 = 1; "😀"; y\n'],
];

export const SYNTAX_SAMPLES: readonly SyntaxSample[] = SAMPLES.map(([name, since, text]) => ({ name, since, text }));
