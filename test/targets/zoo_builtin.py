"""Objects of the language itself, for zoo.py: instances in every layout, containers in every state, code that waits.

A builder takes how many instances to make and returns what keeps them alive.
"""

import abc
import builtins
import collections
import enum
import sys
import threading
import types
import typing
import weakref

VERSION = sys.version_info[:2]

# ---------------------------------------------------------------- instances


class Plain:
    def __init__(self, n):
        self.number = n
        self.name = "plain %d" % n
        self.items = [n]


class Slotted:
    __slots__ = ("left", "right", "__weakref__")

    def __init__(self, n):
        self.left = [n]
        self.right = {"n": n}


class SlottedChild(Slotted):
    __slots__ = ("third", "never_set")

    def __init__(self, n):
        super().__init__(n)
        self.third = (n, [n])


class SlottedWithDict(Slotted):
    def __init__(self, n):
        super().__init__(n)
        self.extra = [n]


class Empty:
    pass


class Late:
    """Attributes set in different orders and after construction, some deleted."""

    def __init__(self, n):
        if n % 2:
            self.a, self.b = [n], [n + 1]
        else:
            self.b, self.a = [n], [n + 1]


class Meta(type):
    def __new__(mcs, name, bases, namespace, **keywords):
        return super().__new__(mcs, name, bases, dict(namespace, registry=[name], **keywords))


class MetaUser(metaclass=Meta, flavour="sweet"):
    def __init__(self, n):
        self.payload = {n: [n]}


class Abstract(abc.ABC):
    @abc.abstractmethod
    def act(self):
        """Nothing."""


class Concrete(Abstract):
    def act(self):
        return self


class Comparable:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n

    def __hash__(self):
        return hash(self.n)


def instances(n):
    return [[cls(i) for i in range(n)] for cls in (Plain, Slotted, SlottedChild, SlottedWithDict, MetaUser)] + [
        [Empty() for _ in range(n)],
        [Concrete() for _ in range(n)],
    ]


def instances_by_width(n):
    """From no attribute to more than inline storage and shared keys hold (30 is CPython's bound for both)."""
    kept = []
    for width in (1, 2, 7, 8, 16, 29, 30, 31, 40, 100):
        cls = type("Wide%d" % width, (), {})
        for i in range(n):
            instance = cls()
            for column in range(width):
                setattr(instance, "a%d" % column, [i] if column % 3 else i)
            kept.append(instance)
    return kept


def instances_with_history(n):
    kept = []
    for i in range(n):
        late, materialised, replaced, odd, cleared, shared = (Late(i) for _ in range(6))
        late.c = [i]
        if i % 3 == 0:
            del late.a
        vars(materialised)["through_dict"] = [i]
        replaced.__dict__ = {"only": [i]}
        vars(odd)[i] = "a key that is no name"
        cleared.__dict__.clear()
        kept += [late, materialised, vars(materialised), replaced, odd, cleared, shared, vars(shared)]
    for i in range(n):
        dying = Plain(i)
        kept.append(vars(dying))  # the dict outlives its instance
    return kept


def subclasses_of_builtins(n):
    """For every base: with a __dict__, with empty slots, with slots of its own, and with a weak reference to it."""

    def function(*_):
        return None

    made = []
    bases = [
        (object, ()), (int, (2**70,)), (float, (1.5,)), (complex, (1j,)), (str, ("text",)), (bytes, (b"bytes",)),
        (bytearray, (b"array",)), (list, ([[1], 2],)), (tuple, (([1], 2),)), (dict, ({"k": [1]},)), (set, ([1, (2,)],)),
        (frozenset, ([1, (2,)],)), (property, (function,)), (staticmethod, (function,)), (classmethod, (function,)),
        (enumerate, ([[1]],)), (zip, ([[1]],)), (map, (function, [[1]])), (filter, (function, [[1]])),
        (reversed, ("text",)), (types.ModuleType, ("made",)), (types.SimpleNamespace, ()), (super, (Plain, Plain)),
        (collections.deque, ([[1]] * 70,)), (collections.OrderedDict, ([("k", [1])],)),
        (collections.defaultdict, (list, {"k": [1]})), (collections.Counter, ("abc",)),
        (collections.UserDict, ({"k": [1]},)), (collections.ChainMap, ({"k": [1]},)), (threading.local, ()),
    ]  # fmt: skip
    if hasattr(builtins, "frozendict"):  # 3.15
        bases.append((builtins.frozendict, ({"k": [1]},)))
    for base, arguments in bases:
        for variant, namespace in (
            ("Dict", {}), ("Bare", {"__slots__": ()}), ("Slots", {"__slots__": ("one", "two")}),
            ("Weak", {"__slots__": ("__dict__", "__weakref__")}),
        ):  # fmt: skip
            try:
                cls = type(base.__name__.capitalize() + variant, (base,), dict(namespace))
                cls(*arguments)
            except (TypeError, AttributeError):
                continue  # the base has no room for this variant
            for i in range(n):
                instance = cls(*arguments)
                for name in namespace.get("__slots__", ("one", "two")):
                    if not name.startswith("__"):
                        setattr(instance, name, [i])
                if variant == "Weak":
                    instance.three = {"i": [i]}
                made.append(instance)
                if getattr(cls, "__weakrefoffset__", 0):
                    made.append(weakref.ref(instance))
    return made


def exception_types(n):
    """Every exception of the language, and a subclass of each, with arguments, cause, context and notes."""
    made = []
    arguments = {
        "UnicodeDecodeError": ("utf-8", b"\xff", 0, 1, "bad"), "UnicodeEncodeError": ("ascii", "\xff", 0, 1, "bad"),
        "UnicodeTranslateError": ("\xff", 0, 1, "bad"), "BaseExceptionGroup": ("group", [ValueError([1])]),
        "ExceptionGroup": ("group", [ValueError([1]), KeyError("k")]),
    }  # fmt: skip
    found = [e for e in vars(builtins).values() if isinstance(e, type) and issubclass(e, BaseException)]
    for cls in sorted(set(found), key=lambda e: e.__name__):
        child = type(cls.__name__ + "Child", (cls,), {})
        for kind in (cls, child):
            for i in range(max(1, n // 10)):
                # A syntax error's second argument says where.
                general = ("message", ("file", i, 1, "text") if issubclass(cls, SyntaxError) else [i])
                error = kind(*arguments.get(cls.__name__, general))
                error.__cause__ = ValueError([i])
                error.detail = {"i": [i]}
                made.append(error)
    return made


def raised(n):
    """Exceptions that hold their traceback, and through it frames with locals."""
    made = []

    def fail(depth, payload):
        local = [payload]
        if depth:
            return fail(depth - 1, local)
        return {}[("missing", depth)]

    for i in range(n):
        try:
            try:
                fail(i % 4, i)
            except KeyError as error:
                raise RuntimeError("outer", [i]) from error
        except RuntimeError as error:
            made.append(error)
    return made


# ---------------------------------------------------------------- containers


def dicts(n):
    made = []
    for i in range(n):
        key = "key %d" % i
        deleted = {"%d-%d" % (i, k): [k] for k in range(20)}
        for k in range(0, 20, 2):
            del deleted["%d-%d" % (i, k)]
        refilled = dict(deleted)
        refilled.update({"again %d" % k: [k] for k in range(5)})
        popped = {k: [k] for k in range(6)}
        popped.popitem()
        mixed = {key: [i], i: [i], (i, key): [i], None: [i], 1.5 + i: [i], frozenset([i]): [i]}
        emptied = {key: [i]}
        emptied.clear()
        itself = {}
        itself["self"] = itself
        made += [
            {}, {key: i}, {key: [i]}, {i: [i]}, {(i,): [i]}, deleted, refilled, popped, mixed, emptied, itself,
            dict(a=[i], b=[i]), dict.fromkeys(range(i % 7), [i]), dict(deleted), mixed.copy(), {Comparable(i): [i]},
            {"only atoms": 1, "here": 2.0}, deleted.keys(), deleted.values(), deleted.items(), iter(deleted),
            iter(deleted.values()), iter(deleted.items()), types.MappingProxyType(deleted),
            collections.OrderedDict((k, [k]) for k in range(5)), collections.defaultdict(list, {key: [i]}),
            collections.Counter(key), collections.ChainMap({}, {key: [i]}), collections.UserDict({key: [i]}),
        ]  # fmt: skip
        made.append(reversed(mixed))
    # The three widths of a dict's index: 8, 16 and 32 bits.
    return made + [{k: str(k) for k in range(size)} for size in (100, 300, 70_000 if n >= 20 else 1000)]


def lists_and_tuples(n):
    made = []
    for i in range(n):
        grown = []
        for k in range(i % 30):
            grown.append([k])
        emptied = [[k] for k in range(9)]
        del emptied[:]
        shifted = [[k] for k in range(9)]
        del shifted[:4]
        itself = []
        itself.append(itself)
        knot = ([],)
        knot[0].append(knot)
        made += [
            grown, emptied, shifted, itself, knot, [], [i], [[i]] * 3, (i, "atoms"), (i, [i]), ((i, (i, [i])),),
            iter(grown), iter(knot), reversed(shifted), slice([i], None, (i,)), range(i, 10**12), iter(range(i)),
        ]  # fmt: skip
    return made


def sets(n):
    made = []
    for i in range(n):
        dummies = {(i, k) for k in range(40)}
        for k in range(0, 40, 3):
            dummies.discard((i, k))
        emptied = {(i, k) for k in range(20)}
        emptied.clear()
        made += [
            set(), {i}, {(i, (i,))}, {Comparable(k) for k in range(5)}, {(i, k) for k in range(100)}, dummies, emptied,
            frozenset([(i, "x")]), frozenset(), iter(dummies), dummies.copy(),
        ]  # fmt: skip
    return made


def deques(n):
    made = []
    for i in range(n):
        rotated = collections.deque([k] for k in range(130))
        rotated.rotate(45)
        drained = collections.deque([k] for k in range(200))
        for _ in range(140):
            drained.popleft()
        made += [
            collections.deque(), collections.deque([[i]]), collections.deque(([k] for k in range(90)), maxlen=70),
            rotated, drained, iter(rotated), reversed(drained),
        ]  # fmt: skip
    return made


# ---------------------------------------------------------------- functions, classes


def functions(n):
    made = []

    def outer(i):
        captured, unset = [i], None

        def inner(a, b=captured, *, c={"default": [i]}, **rest):
            return captured, a, b, c, rest

        def recursive():
            return recursive, inner

        def empty_cell():
            return unset

        inner.attribute = [i]
        del unset
        return inner, recursive, empty_cell

    for i in range(n):
        inner, recursive, empty_cell = outer(i)
        plain = Plain(i)
        made += [
            inner, recursive, empty_cell, lambda x, i=i: [x, i], Concrete().act, plain.items.append, [].append, len,
            str.join, Plain.__init__, plain.__init__, object().__str__, str.__add__, types.MethodType(inner, plain),
            property(inner, recursive), staticmethod(inner), classmethod(inner), super(SlottedChild, SlottedChild(i)),
            types.CellType([i]), type.__dict__["__mro__"], Slotted.left, vars(Plain)["__dict__"],
        ]  # fmt: skip
        annotated = types.FunctionType(inner.__code__, {"__builtins__": {}, "x": [i]}, "made", None, inner.__closure__)
        annotated.__annotations__ = {"a": typing.List[int], "return": typing.Optional[str]}
        annotated.__kwdefaults__ = {"c": [i]}
        made.append(annotated)
    return made


def classes(n):
    made = []
    for i in range(max(2, n // 3)):
        cls = type("Dynamic%d" % i, (Plain,), {"shared": [i], "__doc__": "dynamic %d" % i, "__slots__": ("s%d" % i,)})
        scope = {"__name__": "made.module%d" % i}
        exec("class Inner:\n    cache = {}\n    class Deep:\n        x = [1]\n    def f(self): return __class__", scope)
        module = types.ModuleType("made.module%d" % i, "doc")
        module.__dict__.update(scope)
        made += [cls, cls(i), Meta("Made%d" % i, (), {"n": i}), scope, module, module.Inner(), module.Inner.Deep()]
        made.append(types.new_class("Body%d" % i, (Abstract,), {}, lambda ns, i=i: ns.update(act=lambda self: i)))
    return made


class Colour(enum.Enum):
    RED = [1]
    GREEN = (2, [2])


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**40


class Permission(enum.IntFlag):
    READ = 1
    WRITE = 2


Point = collections.namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    x: int
    y: list


def generic_aliases(n):
    T = typing.TypeVar("T")
    made = [Colour, Level, Permission, T, typing.ParamSpec("P") if VERSION >= (3, 10) else None]
    for i in range(n):
        made += [Point([i], i), Typed(i, [i]), Permission.READ | Permission.WRITE, typing.Dict[str, typing.List[T]]]
        made += [typing.Callable[[int], T], typing.Union[int, typing.List[str]]]
        if VERSION >= (3, 9):
            made += [list[int], dict[str, list[T]], iter([list[int]])]
        if VERSION >= (3, 10):
            made += [int | str, list[int] | None]
        if VERSION >= (3, 11):
            made += [tuple[typing.Unpack[typing.Tuple[int, str]]], ExceptionGroup("g", [ValueError([i])])]  # noqa: F821
    return made


# ---------------------------------------------------------------- newer syntax


def newer_syntax(n):
    """What older parsers would not read."""
    made = []
    sources = [((3, 8), "def positional(a, /, b=[1]): return (y := [a, b])\nmade = positional")]
    sources.append(((3, 11), "try:\n raise ExceptionGroup('g', [ValueError([1])])\nexcept* ValueError as e:\n made = [e]"))
    sources.append(((3, 12), "type Alias[T] = list[T]\nclass Box[T]:\n item: T\n def get[U](self, u: U) -> T: ...\n"
                    "def first[T: (int, str), *Ts, **P](x: T) -> T: return x\nmade = [Alias, Alias[int], Box, Box[int](), "
                    "first, Alias.__value__, Box.__type_params__, first.__type_params__]"))  # fmt: skip
    sources.append(((3, 13), "class Box[T = int]: ...\nmade = [Box, Box.__type_params__]"))
    sources.append(((3, 14), "class Deferred:\n x: Undefined\n y: list[int]\nname = [1]\n"
                    "made = [Deferred, Deferred.__annotate__, t'hello {name} {name!r:>3}']"))  # fmt: skip
    for since, source in sources:
        if VERSION >= since:
            for i in range(max(1, n // 6)):
                scope = {"__name__": "newer%d" % i}
                exec(source, scope)
                made.append(scope)
    return made


BUILDERS = [
    instances, instances_by_width, instances_with_history, subclasses_of_builtins, exception_types, raised, dicts,
    lists_and_tuples, sets, deques, functions, classes, generic_aliases, newer_syntax,
]  # fmt: skip
