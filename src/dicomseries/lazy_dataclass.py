"""`dataclass` of the standard library, with methods made on first use.

`dataclasses.dataclass` compiles six methods for each frozen class, which takes longer than all else
in the import of a module. Here the methods of all classes share their code, and only ``__init__``
is compiled, when the first object is made. Fields, defaults, slots, `dataclasses.replace` and
`dataclasses.fields` are those of the standard library; type checkers see its decorator.
"""

from __future__ import annotations

import dataclasses
import reprlib
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]


class _Factory:
    """Default of a parameter whose value is made for each object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


def _lazy_dataclass(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    eq: bool = True,
    repr: bool = True,  # noqa: A002 - named as in the standard library
    **layout: bool,
) -> Any:
    """Return the class as a dataclass.

    Parameters
    ----------
    cls : type, optional
        The class; without it, a decorator is returned.
    frozen, eq, repr : bool
        As for `dataclasses.dataclass`.
    **layout
        ``slots``, ``kw_only`` and ``weakref_slot``.

    Examples
    --------
    >>> @_lazy_dataclass(frozen=True, slots=True, kw_only=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1), Point(x=1) == Point(x=1, y=0)
    (Point(x=1, y=0), True)
    """
    if cls is None:
        return lambda named: _lazy_dataclass(named, frozen=frozen, eq=eq, repr=repr, **layout)
    made = _with_fields(cls, is_frozen=frozen, layout=layout)
    methods: dict[str, Any] = {"__init__": _CompiledOnFirstUse(made, is_frozen=frozen)}
    if repr:
        methods["__repr__"] = _repr
    if eq:
        methods["__eq__"], methods["__hash__"] = _eq, _hash if frozen else None
    if frozen:
        methods |= _OF_FROZEN
    if frozen and layout.get("slots"):
        methods |= _OF_FROZEN_SLOTS
    for name, method in methods.items():
        if made.__dict__.get(name) is None:  # `__hash__` is None where a class has `__eq__` only
            setattr(made, name, method)
    return made


def _with_fields(cls: type, *, is_frozen: bool, layout: dict[str, bool]) -> Any:
    """Return the class with fields and slots of the standard library."""
    # The standard library lets a frozen class inherit only from a frozen one, and the other way.
    is_heir = any(map(dataclasses.is_dataclass, cls.__bases__))
    if not cls.__doc__:  # else it would be the signature, which is slow to find
        cls.__doc__ = cls.__name__
    is_frozen_heir = is_frozen and is_heir
    made: Any = dataclasses.dataclass(
        init=False, repr=False, eq=False, frozen=is_frozen_heir, **layout
    )(cls)
    made.__dataclass_params__.frozen = is_frozen
    return made


class _CompiledOnFirstUse:
    """The ``__init__`` of a class before its first object is made."""

    def __init__(self, cls: type, *, is_frozen: bool) -> None:
        self.cls = cls
        self.is_frozen = is_frozen

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = _init_of(self.cls, is_frozen=self.is_frozen)
        type.__setattr__(self.cls, "__init__", method)
        return method.__get__(instance, owner)


def _init_of(cls: Any, *, is_frozen: bool) -> Callable[..., None]:
    """Return the compiled ``__init__`` of a class."""
    names: dict[str, Any] = {"_set": object.__setattr__, "_FACTORY": _FACTORY}
    parameters: dict[bool, list[str]] = {False: ["self"], True: []}
    lines: list[str] = []
    for field in dataclasses.fields(cls):
        name, default = field.name, f"_default_{field.name}"
        if field.default_factory is not dataclasses.MISSING:
            names[default] = field.default_factory
            parameter, value = f"{name}=_FACTORY", f"{default}() if {name} is _FACTORY else {name}"
            without_parameter = f"{default}()"
        elif field.default is not dataclasses.MISSING:
            names[default] = field.default
            parameter, value, without_parameter = f"{name}={default}", name, default
        else:
            parameter, value, without_parameter = name, name, ""
        if field.init:
            parameters[bool(field.kw_only)].append(parameter)
        else:
            value = without_parameter
        if value and is_frozen:
            lines.append(f"_set(self, {name!r}, {value})")
        elif value:
            lines.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    by_keyword = ["*", *parameters[True]] if parameters[True] else []
    head = ", ".join(parameters[False] + by_keyword)
    body = "\n  ".join(lines or ["pass"])
    text = f"def _make({', '.join(names)}):\n def __init__({head}):\n  {body}\n return __init__"
    made: dict[str, Any] = {}
    exec(text, vars(sys.modules[cls.__module__]), made)  # noqa: S102 - the text is made here
    method: Callable[..., None] = made["_make"](**names)
    method.__qualname__ = f"{cls.__qualname__}.__init__"
    types = {field.name: field.type for field in dataclasses.fields(cls) if field.init}
    method.__annotations__ = {**types, "return": None}
    return method


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    texts = []
    for field in dataclasses.fields(self):
        if field.repr:
            texts.append(f"{field.name}={getattr(self, field.name)!r}")
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(self.__class__)
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(_compared(self.__class__)(self))


_COMPARED: dict[type, Callable[[Any], tuple[Any, ...]]] = {}
"""Class → function of an object that returns the values which `==` compares."""


def _compared(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    values = _COMPARED.get(cls)
    if values is not None:
        return values
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    if len(names) > 1:
        values = attrgetter(*names)
    else:

        def values(record: Any) -> tuple[Any, ...]:
            return tuple(getattr(record, name) for name in names)

    _COMPARED[cls] = values
    return values


def _is_frozen_field(record: Any, name: str) -> bool:
    """Return whether a name may not be set: a class below a record may have more."""
    cls = type(record)
    return "__dataclass_fields__" in cls.__dict__ or name in cls.__dataclass_fields__


def _reject_assignment(self: Any, name: str, value: Any) -> None:
    if _is_frozen_field(self, name):
        message = f"cannot assign to field {name!r}"
        raise dataclasses.FrozenInstanceError(message)
    object.__setattr__(self, name, value)


def _reject_deletion(self: Any, name: str) -> None:
    if _is_frozen_field(self, name):
        message = f"cannot delete field {name!r}"
        raise dataclasses.FrozenInstanceError(message)
    object.__delattr__(self, name)


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_OF_FROZEN = {"__setattr__": _reject_assignment, "__delattr__": _reject_deletion}
_OF_FROZEN_SLOTS = {"__getstate__": _getstate, "__setstate__": _setstate}

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _lazy_dataclass
