"""A dataclass with methods made on first use is that of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from typing import Any, ClassVar

import pytest

import dicomseries
from dicomseries.lazy_dataclass import dataclass as lazy_dataclass

FLAGS = [
    {},
    {"kw_only": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "kw_only": True, "repr": False},
    {"slots": True, "kw_only": True, "eq": False},
]


class Fields:
    """Fields of every sort."""

    count: ClassVar[int] = 3
    first: int
    second: str = "b"
    third: list[int] = dataclasses.field(default_factory=list)
    hidden: float = dataclasses.field(default=0.5, repr=False, compare=False)
    kept: int = dataclasses.field(default=7, init=False)
    grown: list[int] = dataclasses.field(default_factory=list, init=False)
    last: int = dataclasses.field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        self.third.append(self.first)


def both(flags: dict[str, bool]) -> tuple[Any, Any]:
    """The same class by the standard library, and by ours."""
    classes = []
    for decorate in (dataclasses.dataclass, lazy_dataclass):
        names = {**vars(Fields), "__qualname__": "Record", "__module__": __name__}
        for name in ("__dict__", "__weakref__"):
            names.pop(name, None)
        classes.append(decorate(**flags)(type("Record", (), names)))
    return classes[0], classes[1]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_objects_behave_as_those_of_the_standard_library(flags):
    theirs, ours = both(flags)
    make = [
        lambda cls: cls(first=1),
        lambda cls: cls(first=2, second="x", third=[4], last=2),
    ]
    if not flags.get("kw_only"):
        make.append(lambda cls: cls(1, "y", [2], 0.25))
    objects = [(build(theirs), build(ours)) for build in make]
    for their, our in objects:
        for field in dataclasses.fields(theirs):
            assert repr(getattr(their, field.name)) == repr(getattr(our, field.name))
        if flags.get("repr", True):
            assert repr(their) == repr(our)
        assert repr(dataclasses.astuple(our)) == repr(dataclasses.astuple(their))
        assert (copy.copy(their) == their) == (copy.copy(our) == our)
        assert (their == copy.deepcopy(their)) == (our == copy.deepcopy(our))
    for index, (their, our) in enumerate(objects):
        for other, another in objects[index:]:
            assert (their == other) == (our == another)
            assert (their != other) == (our != another)
    assert ours(first=1) != theirs(first=1)


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_signature_fields_and_hash_are_those_of_the_standard_library(flags):
    theirs, ours = both(flags)
    expected = str(inspect.signature(theirs))
    assert str(inspect.signature(ours)) == expected
    assert theirs.__init__.__annotations__ == ours.__init__.__annotations__
    assert theirs.__match_args__ == ours.__match_args__
    assert getattr(theirs, "__slots__", None) == getattr(ours, "__slots__", None)
    assert [field.name for field in dataclasses.fields(ours)] == [
        field.name for field in dataclasses.fields(theirs)
    ]
    assert (theirs.__hash__ is None) == (ours.__hash__ is None)
    assert ours(first=1).__init__.__qualname__ == "Record.__init__"


def test_wrong_arguments_are_rejected_as_by_the_standard_library():
    theirs, ours = both({"frozen": True, "kw_only": True})
    for arguments in ({}, {"first": 1, "other": 2}, {"first": 1, "kept": 2}):
        with pytest.raises(TypeError) as their:
            theirs(**arguments)
        with pytest.raises(TypeError) as our:
            ours(**arguments)
        assert str(our.value) == str(their.value)


@lazy_dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: int
    y: int = 0


@lazy_dataclass(frozen=True, kw_only=True)
class Parent:
    x: int


class Child(Parent):
    """Not a dataclass: it may have attributes beside the fields."""


@lazy_dataclass(frozen=True, kw_only=True)
class Grandchild(Child):
    z: int = 3


def test_dataclasses_of_the_standard_library_inherit_from_ours():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Heir(Parent):
        z: int = 3

    assert repr(Heir(x=1)).endswith("Heir(x=1, z=3)")
    assert Heir(x=1) == Heir(x=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Heir(x=1).x = 2
    with pytest.raises(TypeError, match="frozen"):

        @dataclasses.dataclass(kw_only=True)
        class Changeable(Parent):
            z: int = 3


def test_a_frozen_object_cannot_be_changed():
    point = Point(x=1)
    for change in (lambda: setattr(point, "x", 2), lambda: delattr(point, "x")):
        with pytest.raises(dataclasses.FrozenInstanceError, match="field 'x'"):
            change()
    child = Child(x=1)
    child.note = "more"
    del child.note
    with pytest.raises(dataclasses.FrozenInstanceError):
        child.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Grandchild(x=1).note = "more"


def test_objects_can_be_replaced_pickled_hashed_and_matched():
    point = Point(x=1, y=2)
    assert dataclasses.replace(point, y=5) == Point(x=1, y=5)
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 - made here
    assert hash(point) == hash(Point(x=1, y=2)) == hash((1, 2))
    assert repr(Grandchild(x=1)) == "Grandchild(x=1, z=3)"
    assert Child(x=1) != Parent(x=1)


def test_a_class_keeps_the_methods_that_it_defines():
    @lazy_dataclass(frozen=True, slots=True)
    class Named:  # noqa: PLW1641 - its hash is that of the fields
        name: str

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "named"

    assert repr(Named("a")) == "named"
    assert Named("a") == Named("b")
    assert hash(Named("a")) == hash(("a",))


def test_records_of_this_package_have_the_signature_of_the_standard_library():
    compared = 0
    for info in pkgutil.walk_packages(dicomseries.__path__, prefix="dicomseries."):
        if info.name.endswith("__main__"):
            continue
        for cls in vars(importlib.import_module(info.name)).values():
            if not (isinstance(cls, type) and "__dataclass_fields__" in cls.__dict__):
                continue
            if (
                cls.__module__ != info.name
                or cls.__init__.__qualname__ != f"{cls.__qualname__}.__init__"
            ):
                continue
            fields = []
            for field in dataclasses.fields(cls):
                options = {name: getattr(field, name) for name in ("default", "default_factory")}
                same = dataclasses.field(init=field.init, kw_only=field.kw_only, **options)
                fields.append((field.name, field.type, same))
            expected = dataclasses.make_dataclass(cls.__name__, fields)
            assert str(inspect.signature(cls)) == str(inspect.signature(expected)), cls
            compared += 1
    assert compared > 150
