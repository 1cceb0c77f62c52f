"""Parameters of commands, made from declared options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from dicomseries.cli.click_commands.command_line import CommandOption
from dicomseries.options import Option, options_of

_COMPLETED = {
    "compression": ("rle", "jpegls", "j2k", "htj2k", "jxl"),
    "orient": ("as-is", "upright", "axial", "coronal", "sagittal"),
    "segmentation_type": ("binary", "labelmap", "fractional"),
    "space": ("LPS", "RAS"),
    "split": ("time",),
    "uid": ("random", "content"),
    "values": ("auto", "exact", "lossless", "rescale", "max-error=", "digits="),
}
"""Words that shells complete after an option."""

__all__ = ["completed_words", "parameter", "parameters", "shared_option"]


def parameters(options: Mapping[str, Option]) -> Iterator[inspect.Parameter]:
    """Yield the parameters of options on the command line.

    Examples
    --------
    >>> [one.name for one in parameters({"nan": Option(help="Store this.", words=float)})]
    ['nan']
    """
    for name, option in options.items():
        if option.help:
            yield parameter(name, _command_option(name, option), option.words, _default(option))


def parameter(
    name: str, declaration: Any, words: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    """Return a parameter of a command."""
    kind = words if default is not None else words | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, declaration],
    )


def shared_option(name: str, **changes: Any) -> Any:
    """Return an option of `write` for another command.

    Parameters
    ----------
    name : str
        Name of the option.
    **changes
        Fields of its `Option` that differ, such as ``help``.
    """
    return _command_option(name, replace(options_of("write")[name], **changes))


def _command_option(name: str, option: Option) -> Any:
    return CommandOption(
        option.flag_of(name),
        metavar=option.metavar or None,
        help=option.help,
        group=option.group,
        completion=_completion(name),
    )


def completed_words() -> Mapping[str, Sequence[str]]:
    """Return the words that shells complete after an option, by its name.

    Examples
    --------
    >>> completed_words()["space"]
    ('LPS', 'RAS')
    """
    return _COMPLETED


def _completion(name: str) -> Callable[[str], list[str]] | None:
    """Return the function that completes the value of an option in a shell."""
    if name == "kind":
        return _kinds_beginning_with
    if name in _COMPLETED:
        words = _COMPLETED[name]

        def complete(incomplete: str) -> list[str]:
            return _beginning_with(words, incomplete)

        return complete
    return None


def _kinds_beginning_with(incomplete: str) -> list[str]:
    from dicomseries.iod import OFFERED

    names = [kind.name for kind in OFFERED]
    if not incomplete[:1].isupper():
        names = [name.lower() for name in names]
    return _beginning_with(names, incomplete)


def _beginning_with(words: Sequence[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _default(option: Option) -> Any:
    """Return the default on the command line."""
    is_flag = option.words is bool and "/" not in option.flag
    return False if is_flag else None
