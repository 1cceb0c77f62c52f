"""Options that messages name, in the spelling of the command line."""

from __future__ import annotations

import ast
from typing import Any

from dicomseries.errors import Message, rendered
from dicomseries.options import options_of

__all__ = ["on_command_line"]

_OPTIONS = options_of("write")
_FILES = frozenset({"bids", "per_volume", "segments"})
"""Options whose mapping is a file on the command line."""
_POLICIES = {"Rescale": "rescale", "Digits": "digits", "Exact": "exact", "Lossless": "lossless"}


def on_command_line(text: Any) -> Any:
    """Return a message with its options as they are spelled on the command line.

    Examples
    --------
    >>> on_command_line(Message("Pass `clip=(-1000, 3000)`, `nan=0` or `values=Rescale(max_error=0.01)`."))
    'Pass --clip -1000 3000, --nan 0 or --values max-error=0.01.'
    >>> on_command_line(Message("Name the axes with `axes=`, or pass `overwrite=True`."))
    'Name the axes with --axes, or pass --overwrite.'
    >>> on_command_line(Message('Leave it out with `metadata={"KVP": None}`.'))
    'Leave it out with --leave-out KVP.'
    """
    return rendered(text, _words_of) if isinstance(text, Message) else text


def _words_of(code: str) -> str:
    """Return Python code of one option as words of the command line."""
    name, equals, value = code.partition("=")
    if not equals or not name.isidentifier():
        node = _parsed(code)
        if isinstance(node, ast.Tuple):  # a code as (value, scheme, meaning)
            return '"' + ",".join(_text(item, code) for item in node.elts) + '"'
        return f"--values {_text(node, code)}"
    if name not in _OPTIONS or not _OPTIONS[name].help:
        return code
    node = _parsed(value)
    if isinstance(node, ast.Dict) and name in _MAPPINGS:
        return _MAPPINGS[name](node, value)
    return _flag_and_value(name, node, value)


def _flag_and_value(name: str, node: ast.expr | None, value: str) -> str:
    flag = _OPTIONS[name].flag_of(name)
    if name == "same_space":
        same, another = flag.split("/")
        return same if value == "True" else another
    constant = node.value if isinstance(node, ast.Constant) else None
    if not value or isinstance(constant, bool):
        return flag
    if name in _FILES and not isinstance(constant, str):
        return f"{flag} FILE"
    return f"{flag} {_text(node, value)}"


def _parsed(value: str) -> ast.expr | None:
    """Return the expression in a text; None if it is no Python, as with an ellipsis for a number."""
    try:
        return ast.parse(value, mode="eval").body
    except SyntaxError:
        return None


def _settings(node: ast.Dict, source: str) -> str:
    """Return the attributes of `metadata=` as options."""
    words = []
    for key, value in zip(node.keys, node.values, strict=True):
        keyword = "" if key is None else _text(key, source)
        if isinstance(value, ast.Constant) and value.value is None:
            words.append(f"--leave-out {keyword}")
        elif isinstance(value, (ast.List, ast.Dict)):
            return "--meta FILE"
        else:
            setting = f"{keyword}={_text(value, source)}"
            words.append(f'--set "{setting}"' if " " in setting else f"--set {setting}")
    return " ".join(words)


def _model(node: ast.Dict, source: str) -> str:
    """Return the parts of `model=` as options."""
    pairs = zip(node.keys, node.values, strict=True)
    return " ".join(f"--model-{_text(key, source)} {_text(value, source)}" for key, value in pairs)


_MAPPINGS = {"metadata": _settings, "model": _model}


def _text(node: ast.expr | None, source: str) -> str:
    """Return a value as words: numbers with spaces between, texts without quotes."""
    written = source if node is None else ast.get_source_segment(source, node) or source
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Tuple():
            return " ".join(_text(item, source) for item in node.elts)
        case ast.List():
            return ",".join(_text(item, source) for item in node.elts)
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return ",".join(f"{_text(key, source)}={_text(value, source)}" for key, value in pairs)
        case ast.Call():
            return _policy(node, source)
    return written


def _policy(node: ast.Call, source: str) -> str:
    """Return a policy such as `Rescale(max_error=0.01, per_slice=True)` as the value of --values."""
    name = ast.unparse(node.func).rpartition(".")[2]
    if name not in _POLICIES:
        return ast.get_source_segment(source, node) or source
    arguments = {keyword.arg: _text(keyword.value, source) for keyword in node.keywords}
    per_slice = ",per-slice" if arguments.pop("per_slice", "False") == "True" else ""
    amounts = [*(_text(value, source) for value in node.args), *arguments.values()]
    if not amounts:
        return _POLICIES[name] + per_slice
    return f"{'max-error' if name == 'Rescale' else _POLICIES[name]}={amounts[0]}{per_slice}"
