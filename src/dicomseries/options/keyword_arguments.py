"""Names, signatures and documentation of flat keyword arguments."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from dicomseries.options.declarations import WriteOptions
from dicomseries.options.keyword_types import PlanKeywords, WriteKeywords
from dicomseries.options.option import Option, declared

__all__ = ["check_names", "options_of", "parameters_text", "signature_of", "with_options"]

Function = TypeVar("Function", bound=Callable[..., Any])

_WIDTH = 100


def options_of(verb: str, record: type[WriteOptions] = WriteOptions) -> dict[str, Option]:
    """Return the options of `write`, `derive` or `plan`, by name.

    Examples
    --------
    >>> "overwrite" in options_of("write"), "overwrite" in options_of("plan")
    (True, False)
    """
    options = declared(record)
    if verb != "plan":
        return options
    return {name: option for name, option in options.items() if option.is_for_plan}


def check_names(
    verb: str, keywords: Mapping[str, Any], record: type[WriteOptions] = WriteOptions
) -> None:
    """Reject a keyword argument that does not exist.

    Raises
    ------
    TypeError
        As Python does for any function, with the nearest name.

    Examples
    --------
    >>> check_names("write", {"spacin": 1})
    Traceback (most recent call last):
    TypeError: write() got an unexpected keyword argument 'spacin'. Did you mean 'spacing'?
    """
    known = options_of(verb, record)
    for name in keywords:
        if name in known:
            continue
        message = f"{verb}() got an unexpected keyword argument {name!r}"
        for nearest in difflib.get_close_matches(name, known, n=1):
            message += f". Did you mean {nearest!r}?"
        raise TypeError(message)


def with_options(verb: str) -> Callable[[Function], Function]:
    """Show the options of a function in `help()`."""

    def decorate(function: Function) -> Function:
        function.__dict__["__signature__"] = signature_of(function, options_of(verb))
        return function

    return decorate


def signature_of(function: Callable[..., Any], options: Mapping[str, Option]) -> inspect.Signature:
    """Return a function's signature with a keyword for each option."""
    signature = inspect.signature(function)
    positional = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    keywords = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option.default,
            annotation=_annotation(name),
        )
        for name, option in options.items()
    ]
    return signature.replace(parameters=[*positional, *keywords])


def _annotation(name: str) -> Any:
    """Return the type of a keyword as written in `WriteKeywords`."""
    types = {**PlanKeywords.__annotations__, **WriteKeywords.__annotations__}
    if name not in types:
        return inspect.Parameter.empty
    return types[name].__forward_arg__


def parameters_text(options: Mapping[str, Option]) -> str:
    """Return the section Parameters of a numpydoc docstring.

    Examples
    --------
    >>> print(parameters_text({"nan": options_of("write")["nan"]}))
    nan : float, optional
        Real value for NaN and infinities; without it they are rejected.
    """
    return "\n".join(_parameter_lines(options.items()))


def _parameter_lines(options: Iterable[tuple[str, Option]]) -> Iterable[str]:
    for name, option in options:
        yield f"{name} : {option.accepts}"
        # Docstrings of functions are indented by four more columns.
        yield from textwrap.wrap(
            option.text,
            _WIDTH - 8,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
