"""Makes a script stand alone: the source of what it imports from this project takes the place of the import.

With a function or a class comes everything that it uses. Annotations of functions are left out, and so are methods that
nothing calls.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from textwrap import indent

from xfer_core.config import Config

CALLED_BY_TORCH = ("forward", "backward")
CALLED_BY_LAYERS = ("reset_parameters",)  # in the constructors of torch's own layers
_TOOL_COMMENT = re.compile(r"# ?(?:noqa|pyright)\b[^#\n]*(?=#)|\s*# ?(?:noqa|pyright)\b[^#\n]*$", re.MULTILINE)

MOST_NODES = 20_000  # of parsed code whose names are kept; more than the modules that scripts are made of have

IMPORTED = "import"
Key = tuple[str, str]
"""Module and name of a definition, or ``IMPORTED`` and the line of an import."""


class NotStandaloneError(Exception):
    """This cannot be written without an import of this project; the message says what."""


def inline(script: str, instances: Sequence[tuple[object, Sequence[str]]]) -> str:
    """The script with ``# imports`` replaced by all imports that it needs, none of them from this project.

    Args:
        script: Python text; its imports stand at the top level.
        instances: what the script makes without arguments, each with the methods that it calls: of their classes only
            these are written, and the values of the fields that they read.

    Raises:
        NotStandaloneError: what has no source, reads more of the project than a step needs, or has the name of another.
    """
    body = ast.parse(script).body
    code = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    called: set[str] = set()
    while True:  # until every method is there that something inlined calls
        inliner = _Inliner(code, instances, called)
        text = inliner.inlined(body, script.splitlines())
        if inliner.called == called:
            break
        called = inliner.called
    inside = inliner.own.intersection(packages_of(text))
    if inside:
        raise NotStandaloneError(f"an import of {', '.join(inside)} inside a function")
    text = text.replace(
        "# imports\n", _import_lines(line for module, line in inliner.written.values() if module == IMPORTED), 1
    )
    return re.sub(r"\n{4,}", "\n\n\n", text)


def names_of(module: str, expression: str) -> list[str]:
    """The names in an expression that this module defines or imports."""
    return [name for name in _names([ast.parse(expression)]) if name in _module(module)[1]]


class _Inliner:
    """One pass over a script whose inlined classes have the methods in ``called``."""

    def __init__(
        self, code: list[ast.stmt], instances: Sequence[tuple[object, Sequence[str]]], called: Collection[str]
    ) -> None:
        self.instances, self.names = {type(one): (one, wanted) for one, wanted in instances}, set(_names(code))
        self.own = {owner.__module__.partition(".")[0] for owner in (type(self), *self.instances)}
        self.called = {*called, *_attributes(code)}
        self.written: dict[str, Key] = {name: ("", name) for node in code for name in _defined(node)}

    def inlined(self, body: list[ast.stmt], lines: list[str]) -> str:
        parts, begin = [], 0
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                wanted = [name for name in _defined(node) if name in self.names]
                found = [text for name in wanted for text in self.emit(self.target(node, name))]
                parts += [*lines[begin : node.lineno - 1], _spaced(found)]
                begin = node.end_lineno or 0
        return "\n".join([*parts, *lines[begin:], ""])

    def target(self, node: ast.Import | ast.ImportFrom, name: str) -> Key | None:
        """The definition that an import of this project gives; any other import is taken over, and gives None."""
        alias = next(alias for alias in node.names if name == (alias.asname or alias.name))
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.partition(".")[0] in self.own:
            key = self.resolved(module, alias.name)
            if key is None and alias.name not in _module(module)[1]:
                raise NotStandaloneError(f"{alias.name}, which is not at the top of {module}")
            return key
        line = f"from {module} import {alias.name}" if module else f"import {alias.name}"
        line += "" if name == alias.name else f" as {name}"
        self.is_new(name, (IMPORTED, line))
        return None

    def is_new(self, name: str, key: Key) -> bool:
        """Give the name to this, unless it has it already."""
        is_new = name not in self.written
        if self.written.setdefault(name, key) != key:
            raise NotStandaloneError(f"{name}, which stands for two things")
        return is_new

    def resolved(self, module: str, name: str) -> Key | None:
        """Where a name of this module is defined; None for a name of Python, or of a function's own."""
        node = _module(module)[1].get(name)
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self.target(node, name)
        return None if node is None else (module, name)

    def emit(self, key: Key | None) -> Iterator[str]:
        """The definitions that are not in the script yet: first all that this one uses, then itself."""
        if key is None or not self.is_new(key[1], key):
            return
        module, name = key
        for owner, (one, wanted) in self.instances.items():
            if key == (owner.__module__, owner.__name__):
                yield from self.emit_instance(one, list(wanted))
                return
        lines, defined = _module(module)
        match defined[name]:
            case ast.FunctionDef() as node:
                text, reads = _function(module, node)
            case ast.ClassDef() as node:
                text, reads = self.plain_class(module, node)
            case node:
                text, reads = _text(lines, node), [node]
        yield from self.emit_used(module, reads)
        yield text

    def emit_used(self, module: str, reads: Sequence[ast.AST]) -> Iterator[str]:
        self.called |= _attributes(reads)
        for name in _names(reads):
            yield from self.emit(self.resolved(module, name))

    def plain_class(self, module: str, node: ast.ClassDef) -> tuple[str, list[ast.AST]]:
        lines, _ = _module(module)
        bases = [ast.unparse(base) for base in node.bases]
        is_layer = any(base.startswith("nn.") and base != "nn.Module" for base in bases)
        wanted = {*CALLED_BY_TORCH, *self.called, *(CALLED_BY_LAYERS if is_layer else ())}
        methods = [
            _function(module, method)
            for name, method in _methods(node).items()
            if name.startswith("__") or name in wanted
        ]
        fields = [part for part in node.body if isinstance(part, ast.Assign | ast.AnnAssign)]
        head = [f"@{ast.unparse(decorator)}" for decorator in node.decorator_list]
        head.append(f"class {node.name}({', '.join(bases)}):".replace("()", ""))
        head += [_text(lines, node.body[0])] if ast.get_docstring(node) else []
        parts = ["\n".join(head), *(["\n".join(_text(lines, part) for part in fields)] if fields else [])]
        text = "\n\n".join([*parts, *(method for method, _ in methods)])
        return text, [*node.decorator_list, *node.bases, *fields, *(read for _, reads in methods for read in reads)]

    def emit_instance(self, one: object, wanted: list[str]) -> Iterator[str]:
        """The class of an instance and those above it, each with the wanted methods and those that they call."""
        first, *above = [owner for owner in type(one).__mro__ if owner.__module__.partition(".")[0] in self.own]
        chosen: dict[type, dict[str, tuple[str, list[ast.AST]]]] = {owner: {} for owner in (first, *above)}
        read_of_self: set[str] = set()
        for name in wanted:  # grows by what these call
            for owner in chosen:
                node = _module(owner.__module__)[1].get(owner.__name__)
                if isinstance(node, ast.ClassDef) and name in _methods(node):
                    chosen[owner][name] = _, reads = _function(owner.__module__, _methods(node)[name])
                    if name == "modules" and "data" in _names(reads):
                        raise NotStandaloneError("modules that depend on the data")
                    read_of_self |= _attributes(reads, "self")
                    wanted += sorted(_attributes(reads, "self", "super()") - set(wanted))
                    if name not in _attributes(reads, "super()"):
                        break
        base = ""
        for owner, methods in reversed(chosen.items()):
            if methods or owner is first:
                yield from self.emit_used(owner.__module__, [read for _, reads in methods.values() for read in reads])
                doc = inspect.getdoc(owner) or ""
                doc = doc if owner is first else doc.partition("\n\n")[0]
                quoted = f'r"""{doc}\n"""' if "\n" in doc else f'r"""{doc}"""'
                head = f"class {owner.__name__}{base}:\n{indent(quoted, ' ' * 4)}"
                rows = _values(one, read_of_self) if owner is first else ""
                yield "\n\n".join([head, *([rows] if rows else []), *(text for text, _ in methods.values())])
                base = f"({owner.__name__})"


def _spaced(definitions: Iterable[str]) -> str:
    """The definitions with two empty lines around each, constants one below the other."""
    text, apart = "", True
    for definition in definitions:
        was_apart, apart = apart, definition.startswith(("def ", "class ", "@"))
        text += f"\n\n{definition}\n" if apart or was_apart else f"{definition}\n"
    return f"{text}\n" if text else ""


@cache
def _module(name: str) -> tuple[list[str], dict[str, ast.stmt]]:
    """Lines of a module, and its top-level statements by the names that they define."""
    try:
        text = inspect.getsource(import_module(name))
    except (OSError, TypeError):
        raise NotStandaloneError(f"{name}, which has no source") from None
    return text.splitlines(), {defined: node for node in ast.parse(text).body for defined in _defined(node)}


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [alias.asname or alias.name for alias in node.names]
        case ast.Assign() | ast.AnnAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return _names(targets)
    return []


def _names(nodes: Iterable[ast.AST]) -> list[str]:
    return list(dict.fromkeys(name for node in nodes for name in _names_in(node)))


@lru_cache(MOST_NODES)
def _names_in(node: ast.AST) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))


def _attributes(nodes: Iterable[ast.AST], *owners: str) -> set[str]:
    """The attributes that are read; with ``owners`` only those of these expressions."""
    return set[str]().union(*(_attributes_in(node, owners) for node in nodes))


@lru_cache(MOST_NODES)
def _attributes_in(node: ast.AST, owners: tuple[str, ...]) -> frozenset[str]:
    found = [n for n in ast.walk(node) if isinstance(n, ast.Attribute)]
    return frozenset(n.attr for n in found if not owners or ast.unparse(n.value) in owners)


def _text(lines: list[str], first: ast.stmt, last: ast.stmt | None = None) -> str:
    """The lines of a statement, or of several, without comments for tools."""
    return _TOOL_COMMENT.sub("", "\n".join(lines[first.lineno - 1 : (last or first).end_lineno]))


def _methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}


@cache
def _function(module: str, node: ast.FunctionDef) -> tuple[str, list[ast.AST]]:
    """A function of a module, as :func:`_module` read it, without annotations: its text, and what it reads."""
    lines, _ = _module(module)
    bare = ast.parse(ast.unparse(node)).body[0]
    assert isinstance(bare, ast.FunctionDef)
    bare.returns = None
    for argument in ast.walk(bare.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    head = [*(f"@{ast.unparse(decorator)}" for decorator in node.decorator_list)]
    head = [" " * node.col_offset + line for line in [*head, f"def {node.name}({ast.unparse(bare.args)}):"]]
    return "\n".join([*head, _text(lines, node.body[0], node.body[-1])]), [bare]


def _values(one: object, names: Collection[str]) -> str:
    """The fields and class attributes with these names, one per line."""
    fields = type(one).model_fields if isinstance(one, Config) else {}
    titles = {name: field.title for name, field in fields.items()}
    values = {name: getattr(one, name) for name in [*titles, *sorted(set(names) - set(titles))] if name in names}
    words = {name: f"  # {title}" for name, title in titles.items() if title}
    return "\n".join(f"    {n} = {v!r}{words.get(n, '')}" for n, v in values.items() if not callable(v))


def _import_lines(imports: Iterable[str]) -> str:
    """The imports in the usual order: those of Python, an empty line, those of packages."""
    groups: tuple[list[str], list[str]] = ([], [])
    together: dict[str, set[str]] = {}
    for line in imports:
        module, _, names = line.partition(" import ")
        together.setdefault(module if line.startswith("from") else line, set()).add(names)
    for start in sorted(together, key=lambda line: (line.startswith("from"), line)):
        names = ", ".join(sorted(together[start] - {""}))
        own = start.split()[1].partition(".")[0] in sys.stdlib_module_names
        groups[not own].append(f"{start} import {names}" if names else start)
    return "\n\n".join("\n".join(group) for group in groups if group) + "\n"


def packages_of(script: str) -> list[str]:
    """The packages that a script needs beside Python."""
    found = set()
    for node in ast.walk(ast.parse(script)):
        match node:
            case ast.Import():
                found |= {alias.name.partition(".")[0] for alias in node.names}
            case ast.ImportFrom():
                found.add((node.module or "").partition(".")[0])
    return sorted(found - sys.stdlib_module_names)
