"""Reads from the source every text that an error can carry, as templates (`node.domain.messages`).

Rules this module upholds:

- The source is read, never run. A text is found where an error is made: its first argument, and `remedy=`.
- A name is followed to what was assigned to it: in its function, in its module, in the module that it is imported
  from, and for a parameter of a function to what its callers hand over.
- What cannot be read becomes a place of the template. A template without enough text of its own is left out.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from node.domain.messages import escape, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_MOST: Final = 60
"""Texts that one expression can mean. A text of many alternatives is made of places instead."""
_DEEPEST: Final = 6
_OPEN: Final = "\ue000"
_SHUT: Final = "\ue001"
"""Marks of a place while a text is put together (private use, so no text has them)."""
_PLACE: Final = re.compile(f"{_OPEN}([a-z0-9_]*){_SHUT}")
_PLACES: Final = re.compile(f"(?:{_OPEN}[a-z0-9_]*{_SHUT})+")
_CALLEE: Final = "remedy"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Module:
    """One module: its constants, its imports, its functions, and in which function each node stands."""

    name: str
    tree: ast.Module
    constants: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    owners: dict[ast.AST, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in ast.walk(self.tree):
            if isinstance(each, ast.ImportFrom) and each.module:
                for alias in each.names:
                    self.imports[alias.asname or alias.name] = (each.module, alias.name)
            if isinstance(each, Function):
                # An inner function comes later and takes its own nodes.
                self.owners.update(dict.fromkeys(ast.walk(each), each))
        for each in self.tree.body:
            self._assigned(each)
            if isinstance(each, ast.ClassDef):
                for inner in each.body:
                    self._assigned(inner)

    def _assigned(self, statement: ast.stmt) -> None:
        for name, value in _assignments(statement):
            self.constants[name].append(value)


def _assignments(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
                for part, value in zip(target.elts, statement.value.elts, strict=False):
                    if isinstance(part, ast.Name):
                        yield part.id, value
    elif (
        isinstance(statement, ast.AnnAssign | ast.NamedExpr)
        and isinstance(statement.target, ast.Name)
        and statement.value
    ):
        yield statement.target.id, statement.value


class Source:
    """The modules of a program. `errors`: the names of the classes whose texts are wanted."""

    def __init__(self, files: Mapping[str, Path], errors: Iterable[str]) -> None:
        self._modules = {name: Module(name, ast.parse(path.read_text())) for name, path in files.items()}
        self._errors = frozenset(errors)

    @cached_property
    def _calls(self) -> Mapping[str, list[tuple[Module, ast.Call]]]:
        """Name of what is called -> its calls, in all modules."""
        found: dict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for module in self._modules.values():
            for each in ast.walk(module.tree):
                if isinstance(each, ast.Call) and (name := _called(each)):
                    found[name].append((module, each))
        return found

    def templates(self) -> Mapping[str, frozenset[str]]:
        """Each template, and the modules that say it."""
        found: dict[str, set[str]] = defaultdict(set)
        for module, expression in self._expressions():
            for text in self._texts(module, expression, 0):
                template = _template(text)
                if parse(template).is_distinct:
                    found[template].add(module.name)
        return {template: frozenset(found[template]) for template in sorted(found)}

    def _expressions(self) -> Iterator[tuple[Module, ast.expr]]:
        for name in self._errors:
            for module, call in self._calls[name]:
                if call.args and not isinstance(call.args[0], ast.Starred):
                    yield module, call.args[0]
                yield from ((module, each.value) for each in call.keywords if each.arg in {"message", _CALLEE})
        for module in self._modules.values():
            for value in itertools.chain.from_iterable(module.constants.values()):
                yield from ((module, text) for text in self._beside_errors(value))

    def _beside_errors(self, value: ast.expr) -> Iterator[ast.expr]:
        """The texts of a table that holds classes of errors and what they say."""
        for row in ast.walk(value):
            if isinstance(row, ast.Tuple | ast.Dict):
                parts = row.elts if isinstance(row, ast.Tuple) else [*row.keys, *row.values]
                if any(isinstance(each, ast.Name | ast.Attribute) and _last(each) in self._errors for each in parts):
                    yield from (each for each in parts if isinstance(each, ast.Constant | ast.JoinedStr | ast.Name))

    # --- what an expression can say -----------------------------------------------------------------------------------

    def _texts(self, module: Module, value: ast.expr, depth: int) -> list[str]:
        """All texts that `value` can be, with marked places."""
        found = list(dict.fromkeys(self._read(module, value, depth)))
        return found if 0 < len(found) <= _MOST else [_place(value)]

    def _read(  # noqa: C901, PLR0911 (one case for each form of an expression)
        self, module: Module, value: ast.expr, depth: int
    ) -> list[str]:
        if depth > _DEEPEST:
            return [_place(value)]
        match value:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.JoinedStr(values=parts):
                return _joined([self._texts(module, part, depth + 1) for part in parts], value)
            case ast.FormattedValue(value=inner, format_spec=None) if _is_fixed(inner):
                return self._texts(module, inner, depth + 1)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return _joined([self._texts(module, each, depth + 1) for each in (left, right)], value)
            case ast.IfExp(body=body, orelse=other):
                return self._all(module, (body, other), depth)
            case ast.BoolOp(values=parts):
                return self._all(module, parts, depth)
            case (
                ast.Subscript(value=ast.Name(id=name))
                | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"))
            ):
                return self._all(module, self._rows(module, name), depth)
            case ast.Name() | ast.Attribute():
                return self._named(module, value, depth)
            case ast.Call():
                return self._returned(module, value, depth)
        return [_place(value)]

    def _rows(self, module: Module, name: str) -> list[ast.expr]:
        """The values of a table of the module."""
        tables = [*module.constants.get(name, ())]
        if name in module.imports:
            origin, real = module.imports[name]
            tables += self._modules[origin].constants.get(real, ()) if origin in self._modules else ()
        return [row for table in tables if isinstance(table, ast.Dict) for row in table.values]

    def _named(self, module: Module, value: ast.Name | ast.Attribute, depth: int) -> list[str]:
        name = _last(value)
        owner = module.owners.get(value)
        while isinstance(value, ast.Name) and owner is not None:
            local = [right for each in ast.walk(owner) for left, right in _assignments(each) if left == name]
            if local:
                return self._all(module, local, depth)
            if name in _parameters(owner):
                return self._handed(module, owner, name, depth) or [_place(value)]
            owner = next((outer for outer in (module.owners.get(owner),) if outer is not owner), None)
        if name in module.constants:
            return self._all(module, module.constants[name], depth)
        if isinstance(value, ast.Name) and name in module.imports:
            origin, real = module.imports[name]
            if origin in self._modules:
                return self._all(self._modules[origin], self._modules[origin].constants.get(real, []), depth)
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
            origin = ".".join(module.imports.get(value.value.id, ()))
            if origin in self._modules:
                return self._all(self._modules[origin], self._modules[origin].constants.get(name, []), depth)
        return [_place(value)]

    def _all(self, module: Module, values: Iterable[ast.expr], depth: int) -> list[str]:
        return [text for each in values for text in self._texts(module, each, depth + 1)]

    def _handed(self, module: Module, owner: Function, name: str, depth: int) -> list[str]:
        """What callers hand over for this parameter: those of the same module for a private function."""
        called = owner.name
        if called == "__init__":
            classes = (each for each in module.tree.body if isinstance(each, ast.ClassDef))
            called = next((each.name for each in classes if owner in each.body), "")
        places = _parameters(owner)
        index = places.index(name) - (places[:1] in (["self"], ["cls"]))
        found = []
        for caller, call in self._calls.get(called, ()):
            if called.startswith("_") and caller is not module:
                continue
            given = [each.value for each in call.keywords if each.arg == name]
            if not given and 0 <= index < len(call.args):
                given = [call.args[index]]
            found += [text for each in given for text in self._texts(caller, each, depth + 1)]
        default = _default(owner, name)
        return found + (self._texts(module, default, depth + 1) if default is not None else [])

    def _returned(self, module: Module, call: ast.Call, depth: int) -> list[str]:
        """What a function of the same module, or an imported one, returns."""
        if not isinstance(call.func, ast.Name):
            return [_place(call)]
        home, name = module, call.func.id
        if name in module.imports:
            origin, name = module.imports[name]
            home = self._modules.get(origin, module)
        for each in home.tree.body:
            if isinstance(each, Function) and each.name == name:
                values = [part.value for part in ast.walk(each) if isinstance(part, ast.Return) and part.value]
                return self._all(home, values, depth)
        return [_place(call)]


def _joined(parts: list[list[str]], value: ast.expr) -> list[str]:
    total = 1
    for each in parts:
        total *= len(each)
    return ["".join(each) for each in itertools.product(*parts)] if total <= _MOST else [_place(value)]


def _is_fixed(value: ast.expr) -> bool:
    """Whether a place of an f-string always holds the same text, or one of a few: a constant, or a choice of them."""
    if isinstance(value, ast.IfExp):
        return all(isinstance(each, ast.Constant | ast.JoinedStr) for each in (value.body, value.orelse))
    return isinstance(value, ast.Name) and value.id.isupper()


def _called(call: ast.Call) -> str:
    return _last(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""


def _last(value: ast.expr) -> str:
    return value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""


def _parameters(owner: Function) -> list[str]:
    every = owner.args
    return [each.arg for each in (*every.posonlyargs, *every.args, *every.kwonlyargs)]


def _default(owner: Function, name: str) -> ast.expr | None:
    given = owner.args
    by_place = [*given.posonlyargs, *given.args]
    defaults = dict(zip([each.arg for each in reversed(by_place)], reversed(given.defaults), strict=False))
    defaults |= {each.arg: value for each, value in zip(given.kwonlyargs, given.kw_defaults, strict=True) if value}
    return defaults.get(name)


def _place(value: ast.expr) -> str:
    """The mark of a place, named by what stands in it."""
    if isinstance(value, ast.FormattedValue):
        value = value.value
    while isinstance(value, ast.Call):
        inner = value.args[-1] if value.args else value.func.value if isinstance(value.func, ast.Attribute) else None
        if inner is None:
            break
        value = inner
    while isinstance(value, ast.Subscript | ast.Await | ast.Starred):
        value = value.value
    if isinstance(value, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        value = value.generators[0].iter
    name = re.sub(r"[^a-z0-9_]", "", _last(value).lower()).strip("_")
    return f"{_OPEN}{name if name and not name[0].isdigit() else 'value'}{_SHUT}"


def _template(text: str) -> str:
    """Places side by side become one; a name that occurs again gets a number."""
    seen: dict[str, int] = defaultdict(int)
    made, at = "", 0
    for run in _PLACES.finditer(text):
        found = _PLACE.search(run[0])
        name = found[1] if found else "value"
        seen[name] += 1
        made += escape(text[at : run.start()]) + "{" + (name if seen[name] == 1 else f"{name}_{seen[name]}") + "}"
        at = run.end()
    return made + escape(text[at:])
