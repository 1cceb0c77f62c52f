"""Options in messages, spelled for the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from dicomseries.errors import Message, rendered
from dicomseries.options import Option, options_of

__all__ = ["flag_of_argument", "on_command_line"]

_OF_OTHER_COMMANDS = {
    "onto": Option(help="of read"),
    "resample": Option(help="of read"),
    "slices": Option(help="of read and picture"),
    "stack": Option(help="of read"),
    "even": Option(help="of read"),
    "fill": Option(help="of read and picture"),
    "window": Option(help="of picture"),
    "outline": Option(help="of picture", flag="--no-outline"),
    "color_map": Option(help="of picture"),
    "legend": Option(help="of picture", flag="--no-legend"),
    "title": Option(help="of picture"),
    "masks": Option(help="of result"),
    "measure": Option(help="of result"),
    "picture": Option(help="of result"),
}
_NAMED_FILES = {"maps": "--map NAME=FILE:UNIT", "images": "--image NAME=FILE"}
"""Mappings of `write_result` by name, as on the command line."""
_OPTIONS = {**options_of("write"), **_OF_OTHER_COMMANDS}
_FILES = frozenset({"bids", "per_volume", "segments"})
"""Options whose mapping is a file on the command line."""
_POLICIES = {"Rescale": "max-error", "Digits": "digits", "Exact": "", "Lossless": ""}
"""Policy → its number on the command line."""
_SLICES = frozenset({"slice", "range"})
"""Calls that are A:B:C on the command line."""


def on_command_line(text: Any) -> Any:
    """Return a message with options as on the command line.

    Examples
    --------
    >>> on_command_line(Message("Pass `clip=(-1000, 3000)` or `values=Rescale(max_error=0.01)`."))
    'Pass --clip -1000 3000 or --values max-error=0.01.'
    >>> on_command_line(Message("Name the axes with `axes=`, or pass `overwrite=True`."))
    'Name the axes with --axes, or pass --overwrite.'
    >>> on_command_line(Message("Pass `onto=` with `resample='nearest'`."))
    'Pass --onto with --resample nearest.'
    >>> on_command_line(Message('Leave it out with `metadata={"KVP": None}`.'))
    'Leave it out with --leave-out KVP.'
    >>> on_command_line(Message("Pass `slices=slice(100, 200)`, or `fill=0.35`."))
    'Pass --slices 100:200, or --fill 0.35.'
    """
    if isinstance(text, Message):
        return rendered(text, _words_of)
    return text


def flag_of_argument(name: str) -> str:
    """Return the flag of an argument of the library; another text as it is.

    Examples
    --------
    >>> flag_of_argument("kind"), flag_of_argument("metadata['PatientID']")
    ('--kind', "metadata['PatientID']")
    """
    option = _OPTIONS.get(name)
    if option is None or not option.help:
        return name
    return option.flag_of(name).partition("/")[0]


def _words_of(code: str) -> str:
    """Return Python code as words of the command line."""
    name, equals, value = code.partition("=")
    if not equals or not name.isidentifier():
        node = _parsed(code)
        if isinstance(node, ast.Tuple):  # a code as (value, scheme, meaning)
            return '"' + ",".join(_texts(node.elts, code)) + '"'
        return f"--values {_text(node, code)}"
    if name in _NAMED_FILES:
        return _NAMED_FILES[name]
    node = _parsed(value)
    if name not in _OPTIONS or not _OPTIONS[name].help:
        return code
    if isinstance(node, ast.Dict) and name in _MAPPINGS:
        return _MAPPINGS[name](node, value)
    return _flag_and_value(name, node, value)


def _flag_and_value(name: str, node: ast.expr | None, value: str) -> str:
    flag = _OPTIONS[name].flag_of(name)
    if "/" in flag:
        return flag.split("/")[value != "True"]
    constant = getattr(node, "value", None)
    if not value or isinstance(constant, bool):
        return flag
    if name in _FILES and not isinstance(constant, str):
        return f"{flag} FILE"
    return f"{flag} {_text(node, value)}"


def _parsed(value: str) -> ast.expr | None:
    """Return the expression in a text; None if there is none."""
    try:
        return ast.parse(value, mode="eval").body
    except SyntaxError:
        return None


def _settings(node: ast.Dict, source: str) -> str:
    """Return the attributes of `metadata=` as options."""
    if any(isinstance(value, (ast.List, ast.Dict)) for value in node.values):
        return "--meta FILE"
    words = []
    for keyword, value in _pairs(node, source):
        if value == "None":
            words.append(f"--leave-out {keyword}")
        elif " " in keyword + value:
            words.append(f'--set "{keyword}={value}"')
        else:
            words.append(f"--set {keyword}={value}")
    return " ".join(words)


def _model(node: ast.Dict, source: str) -> str:
    """Return the parts of `model=` as options."""
    return " ".join(f"--model-{part} {text}" for part, text in _pairs(node, source))


def _segments(node: ast.Dict, source: str) -> str:
    """Return names of segments as options; a file if there is more."""
    if not all(isinstance(value, ast.Constant) for value in node.values):
        return "--segments FILE"
    names = ",".join(f"{key}={name}" for key, name in _pairs(node, source))
    return f'--segments "{names}"' if " " in names else f"--segments {names}"


_MAPPINGS = {"metadata": _settings, "model": _model, "segments": _segments}


def _text(node: ast.expr | None, source: str) -> str:
    """Return a value as words of the command line."""
    text = source
    match node:
        case ast.Constant(value=str() as constant):
            text = constant
        case ast.Tuple():
            text = " ".join(_texts(node.elts, source))
        case ast.List():
            text = ",".join(_texts(node.elts, source))
        case ast.Dict():
            text = ",".join(map("=".join, _pairs(node, source)))
        case ast.Call():
            text = _policy(node, source)
        case ast.expr():
            text = ast.get_source_segment(source, node) or source
    return text


def _texts(nodes: Iterable[ast.expr | None], source: str) -> list[str]:
    return [_text(node, source) for node in nodes]


def _pairs(node: ast.Dict, source: str) -> Iterator[tuple[str, str]]:
    return zip(_texts(node.keys, source), _texts(node.values, source), strict=True)


def _policy(node: ast.Call, source: str) -> str:
    """Return a policy as the value of --values, or slices."""
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in _SLICES:
        return ":".join(_texts(node.args, source))
    if name not in _POLICIES:
        return ast.get_source_segment(source, node) or source
    amounts, ending = _texts(node.args, source), ""
    for keyword in node.keywords:
        if keyword.arg != "per_slice":
            amounts.append(_text(keyword.value, source))
        elif _text(keyword.value, source) == "True":
            ending = ",per-slice"
    if not amounts:
        return name.lower() + ending
    return f"{_POLICIES[name]}={amounts[0]}{ending}"
