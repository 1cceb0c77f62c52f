"""Names of a package, imported when they are first used.

The `__init__` of a package that not every task needs imports its names for type checkers only, and
lists the module of each name for the running program. So ``from dicomseries.sinks import
DirectorySink`` imports one module, not the package's other sinks.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

__all__ = ["export_lazily"]


class _LazyPackage(ModuleType):
    """A package whose exported names are imported on first use."""

    __all__: Sequence[str]
    module_of_name: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        module_name = self.module_of_name.get(name)
        if module_name is None:
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(importlib.import_module(module_name), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # The import of api/write.py binds the module to the name `write` of the package `api`,
        # which is that of the function.
        if not (isinstance(value, ModuleType) and name in self.module_of_name):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        special = {name for name in self.__dict__ if name.startswith("__")}
        return sorted({*self.__all__, *self.module_of_name, *special})


def export_lazily(package: str, names_of_module: Mapping[str, Iterable[str]]) -> None:
    """Give a package names that are imported when they are first used.

    Parameters
    ----------
    package : str
        ``__name__`` of the package.
    names_of_module : mapping
        Module → its names that the package exports. The same names are imported
        in a block for type checkers (``if TYPE_CHECKING``); a test compares both.

    Examples
    --------
    >>> import dicomseries.sinks
    >>> "save_volume" in dir(dicomseries.sinks)
    True
    >>> dicomseries.sinks.save_volume.__module__
    'dicomseries.sinks.volume_files'
    """
    module_of_name = {}
    for module, names in names_of_module.items():
        module_of_name.update(dict.fromkeys(names, module))
    this = sys.modules[package]
    this.__dict__["module_of_name"] = module_of_name
    this.__class__ = _LazyPackage
