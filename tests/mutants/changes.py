"""Deliberate small changes of a source text, each of which a good test notices.

Each change replaces the text of one expression or statement, so that the rest of the file stays as it is. What no
value depends on is left alone: docstrings, texts of errors, words, annotations, decorators, imports.
"""

from __future__ import annotations

import ast
import copy
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {
    "min": "max",
    "minimum": "maximum",
    "argmin": "argmax",
    "any": "all",
    "floor": "ceil",
    "cumsum": "cumprod",
    "nanmin": "nanmax",
    "median": "mean",
    "left": "right",
    "first": "last",
}
NAMES |= {new: old for old, new in NAMES.items()}
WORDS = {"median", "mean", "left", "right", "first", "last"}  # that are values of an argument
COMMUTATIVE = {
    "minimum",
    "maximum",
    "min",
    "max",
    "isclose",
    "logical_and",
    "logical_or",
    "array_equal",
    "union1d",
    "hypot",
}
REFUSED_WHEN_SWAPPED = {
    "isinstance",
    "issubclass",
    "getattr",
    "hasattr",
    "setattr",
    "astype",
    "cast",
    "replace",
    "next",
}
SILENT_KEYWORDS = {"strict", "copy", "cache", "nogil", "kw_only", "indent", "default_flow_style", "kind", "dtype"}
WORDY = re.compile(r"^(__repr__|__str__|__hash__|.*words|reasons?|.*_sentence|describe)$")
TOLERANCE = 1e-6  # a constant below is a tolerance, whose size no test can pin down
NEUTRAL = {"float": "({}) + 1.0", "int": "({}) + 1", "bool": "not ({})", "Floats": "({}) * 2.0", "Bools": "~({})"}


@dataclass(frozen=True, order=True)
class Change:
    """One change of one file.

    Attributes:
        line: Number of the line, from 1.
        text: That line, without the space around it.
        kind: What sort of change.
        old: What stood there.
        new: What stands there instead.
        start: Offset of what is replaced, in bytes.
        stop: Its end.
    """

    line: int
    text: str
    kind: str
    old: str
    new: str
    start: int
    stop: int

    def apply(self, source: str) -> str:
        """Return the source with the change."""
        raw = source.encode()
        return (raw[: self.start] + self.new.encode() + raw[self.stop :]).decode()

    @property
    def words(self) -> str:
        """The change in short, which together with file and line text is the key of an accepted survivor.

        >>> Change(1, "x = a < b", "comparison", "a < b", "a <= b", 4, 9).words
        'a < b -> a <= b'
        """
        return f"{one_line(self.old)} -> {one_line(self.new)}"


def one_line(text: str) -> str:
    """Return a text on one line.

    >>> one_line("a +\\n    b")
    'a + b'
    """
    return " ".join(text.split())


def changes(source: str) -> list[Change]:
    """Return all changes of a source, in the order of the text.

    >>> [change.words for change in changes("def f(a):\\n    return a > 0\\n")]
    ['a > 0 -> a <= 0', 'a > 0 -> a >= 0', '0 -> 1']
    """
    text = Text(source)
    return sorted({change for node in visited(ast.parse(source)) for change in of_node(node, text)})


def sample(candidates: dict[str, list[Change]], count: int, seed: int) -> list[tuple[str, Change]]:
    """Return so many changes of files, one a line of text, the same for the same seed and sources."""
    generator = random.Random(seed)  # noqa: S311, nothing here is secret
    places: dict[tuple[str, int], list[Change]] = {}
    for name in sorted(candidates):
        for change in candidates[name]:
            places.setdefault((name, change.line), []).append(change)
    chosen = generator.sample(sorted(places), min(count, len(places)))
    return sorted((name, generator.choice(places[name, line])) for name, line in chosen)


class Text:
    """A source whose nodes are found by line and column."""

    def __init__(self, source: str) -> None:
        self.raw = source.encode()
        self.lines = source.splitlines(keepends=True)
        self.starts = [0, *itertools.accumulate(len(line.encode()) for line in self.lines)]

    def change(self, kind: str, node: ast.expr | ast.stmt, new: str) -> Change:
        """Return the change that puts a text in the place of a node."""
        start = self.starts[node.lineno - 1] + node.col_offset
        stop = self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        if isinstance(node, ast.BinOp | ast.BoolOp):
            new = f"({new})"  # another operator may bind otherwise than the old one did
        return Change(
            node.lineno, self.lines[node.lineno - 1].strip(), kind, self.raw[start:stop].decode(), new, start, stop
        )


@dataclass(frozen=True)
class Visited:
    """A node that may be changed.

    Attributes:
        node: The node.
        function: The name of the annotation of what the function around it returns, empty where there is none.
        bound: Names assigned earlier in the function.
    """

    node: ast.AST
    function: str
    bound: frozenset[str]


def visited(tree: ast.Module) -> Iterator[Visited]:
    """Yield the nodes on which a value may depend."""
    yield from inside(tree, "", set())


def inside(node: ast.AST, function: str, bound: set[str]) -> Iterator[Visited]:
    """Yield a node and what lies in it, without what no value depends on."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Delete() | ast.Global() | ast.Assert():
            return
        case ast.Expr(value=ast.Constant()):
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(value=ast.Call(func=ast.Name(id="ConfigDict"))):
            return
        case ast.Raise(exc=ast.Name(id="NotImplementedError")):
            return
        case ast.Raise():
            yield Visited(node, function, frozenset(bound))
            return
        case ast.Call() if called(node) in {"errstate", "TypeVar", "NewType", "register"}:
            return
        case ast.FunctionDef() if WORDY.match(node.name):
            return
        case ast.FunctionDef():
            function = ast.unparse(node.returns) if node.returns else ""
            bound = {argument.arg for argument in node.args.args}
    yield Visited(node, function, frozenset(bound))
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg in SILENT_KEYWORDS:
                continue
            if isinstance(child, ast.AST):
                yield from inside(child, function, bound)
    if isinstance(node, ast.Assign):
        bound |= {target.id for target in node.targets if isinstance(target, ast.Name)}


def of_node(at: Visited, text: Text) -> Iterator[Change]:
    """Yield the changes of one node."""
    node = at.node
    if not isinstance(node, ast.expr | ast.stmt):
        return
    for kind, new in replacements(node, at):
        yield text.change(kind, node, new)


def replacements(node: ast.expr | ast.stmt, at: Visited) -> Iterator[tuple[str, str]]:
    """Yield the kinds of change of a node, each with the text that stands there instead."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    new = copy.deepcopy(node)
                    new.ops[place] = other()
                    yield "comparison", ast.unparse(new)
        case ast.BinOp() if type(node.op) in ARITHMETIC and not is_text(node.left) and not is_text(node.right):
            yield "arithmetic", ast.unparse(ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))
        case ast.AugAssign() if type(node.op) in ARITHMETIC and not is_text(node.value):
            yield "arithmetic", ast.unparse(ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value))
            yield "removed", "pass"
        case ast.BoolOp():
            other_bool = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "boolean", ast.unparse(ast.BoolOp(other_bool, node.values))
        case ast.UnaryOp(op=ast.Not() | ast.Invert() | ast.USub()) if not isinstance(node.operand, ast.Constant):
            yield "not", f"({ast.unparse(node.operand)})"
        case ast.Constant():
            for value in other_constants(node.value):
                yield "constant", repr(value)
        case ast.Name() | ast.Attribute():
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in NAMES and isinstance(node.ctx, ast.Load) and is_library(node):
                yield "function", renamed(node, NAMES[name])
        case ast.Subscript(slice=ast.Slice() as cut):
            yield from of_slice(node, cut)
        case ast.Call():
            yield from swapped(node)
        case ast.IfExp():
            yield "condition", ast.unparse(ast.IfExp(node.test, node.orelse, node.body))
        case ast.Return(value=ast.expr() as value):
            yield from returned(value, at.function)
        case _ if isinstance(node, ast.stmt):
            yield from of_statement(node, at)


def of_statement(node: ast.stmt, at: Visited) -> Iterator[tuple[str, str]]:
    """Yield negated conditions and statements left out."""
    match node:
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield "removed", "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield "removed", "pass"
        case ast.Assign(targets=[ast.Name(id=name)]) if name in at.bound:
            yield "removed", "pass"
        case ast.Continue():
            yield "removed", "pass"
            yield "loop", "break"
        case ast.Break():
            yield "removed", "pass"


def other_constants(value: object) -> Iterator[object]:
    """Yield what stands for a constant instead.

    >>> [list(other_constants(value)) for value in (0, 2.0, True, "median", "words", 1e-12)]
    [[1], [4.0], [False], ['mean'], [], []]
    """
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, float) and (value == 0 or abs(value) > TOLERANCE):
        yield value * 2 or 1.0
    elif isinstance(value, str) and value in WORDS:
        yield NAMES[value]


def of_slice(node: ast.Subscript, cut: ast.Slice) -> Iterator[tuple[str, str]]:
    """Yield a slice with one edge moved."""
    one = ast.Constant(1)
    if cut.lower is not None:
        later = ast.Slice(ast.BinOp(cut.lower, ast.Add(), one), cut.upper, cut.step)
        yield "slice", ast.unparse(ast.Subscript(node.value, later, node.ctx))
    if cut.upper is not None:
        sooner = ast.Slice(cut.lower, ast.BinOp(cut.upper, ast.Sub(), one), cut.step)
        yield "slice", ast.unparse(ast.Subscript(node.value, sooner, node.ctx))


def swapped(node: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield a call with its first two arguments exchanged, where that means something else."""
    name = called(node)
    arguments = node.args
    if len(arguments) < 2 or name in COMMUTATIVE | REFUSED_WHEN_SWAPPED or name[:1].isupper():
        return
    head = 1 if name == "where" and len(arguments) == 3 else 0
    first, second = arguments[head : head + 2]
    if isinstance(first, ast.Starred) or isinstance(second, ast.Starred) or is_text(first) or is_text(second):
        return
    yield (
        "arguments",
        ast.unparse(ast.Call(node.func, [*arguments[:head], second, first, *arguments[head + 2 :]], node.keywords)),
    )


def returned(value: ast.expr, annotation: str) -> Iterator[tuple[str, str]]:
    """Yield a return of another value of the same type."""
    if is_text(value):
        return
    text = ast.unparse(value)
    simple = isinstance(value, ast.Constant | ast.Compare | ast.BoolOp)
    if simple or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not | ast.Invert)):
        return  # a change of their own
    nothing = text.startswith("np.zeros(") or text.endswith("np.nan)")  # twice that is the same
    if annotation in NEUTRAL and not nothing:
        yield "return", f"return {NEUTRAL[annotation].format(text)}"
    elif annotation.endswith("| None"):
        yield "return", "return None"


def called(node: ast.Call) -> str:
    """Return the last name of what is called, empty where it has none."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_text(node: ast.expr) -> bool:
    """Whether an expression is a text, as far as it shows."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    if isinstance(node, ast.Call):
        return called(node) in ("join", "str", "repr", "format", "unparse", "words")
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def is_library(node: ast.Name | ast.Attribute) -> bool:
    """Whether a name is a function of Python, NumPy or an array rather than a field of a rule."""
    if isinstance(node, ast.Name):
        return node.id in ("min", "max", "any", "all")
    return not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "rule"))


def renamed(node: ast.Name | ast.Attribute, name: str) -> str:
    """Return the text of a name or attribute under another name."""
    return name if isinstance(node, ast.Name) else ast.unparse(ast.Attribute(node.value, name, node.ctx))
