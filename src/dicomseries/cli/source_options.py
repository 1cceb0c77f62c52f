"""A result and the series it comes from: words of the command line → arguments of the façade, and the table of a plan.

The table says of each attribute of the source what becomes of it, grouped as the rules are, in lines no longer than the
terminal is wide.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.terminal import printable

__all__ = ["decision_table", "derivation_of", "lineage_of", "terminal_width"]

_HEAD = ("attribute", "in the source", "what becomes of it, and why")
_GAP = 2
_SHORTEST, _LONGEST = 80, 140
"""Characters of a line: one that is longer is hard to read, one that is shorter leaves no room for reasons."""

_LONGEST_VALUE = 120
"""Characters of a source's value that are shown; programs get all of them."""


def lineage_of(like: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments about the source of a result; none if there is no source.

    Parameters
    ----------
    like : str, optional
        Folder of the source.
    given : mapping
        Option → its value, of those that speak of the source; what is None, False or empty was not given.

    Raises
    ------
    CommandLineError
        If there is no source to speak of, or an algorithm has a version or a maker and no name.

    Examples
    --------
    >>> options = {"--series": None, "--derivation": "MIP", "--description": None, "--another-space": True}
    >>> lineage_of("scan", options | {"--keep-private": ["ACME"]})
    {'like': 'scan', 'same_space': False, 'derivation': 'MIP', 'keep_private': ('ACME',)}
    >>> lineage_of(None, {"--series": None})
    {}
    """
    said = {option: value for option, value in given.items() if value}
    if like is None:
        if said:
            raise _without_source(next(iter(said)))
        return {}
    plain = {"--series": "series", "--description": "description"}
    return {
        "like": like,
        **({"same_space": False} if "--another-space" in said else {}),
        **({"same_space": True} if "--same-space" in said else {}),
        **{argument: said[option] for option, argument in plain.items() if option in said},
        **({"derivation": derivation_of(said["--derivation"])} if "--derivation" in said else {}),
        **({"keep_private": tuple(said["--keep-private"])} if "--keep-private" in said else {}),
        **_model_of(said),
    }


def derivation_of(text: str) -> str | tuple[str, ...]:
    """Return a code or name of CID 7203 as it is, and a code of one's own as (value, scheme, meaning).

    Examples
    --------
    >>> derivation_of("smoothing"), derivation_of("7, 99ACME, Bias field, corrected")
    ('smoothing', ('7', '99ACME', 'Bias field, corrected'))
    """
    parts = tuple(part.strip() for part in text.split(",", 2))
    return parts if len(parts) > 1 else text


def _model_of(said: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    names = {f"--model-{part}": part for part in ("name", "version", "manufacturer")}
    model = {part: said[option] for option, part in names.items() if option in said}
    if model and "name" not in model:
        option = next(option for option in names if option in said)
        raise CommandLineError(
            code="model-without-name",
            where=option,
            given=f"{option} {said[option]}, and no --model-name",
            expected="the name of the algorithm, with its version and manufacturer where they are known",
            remedy=f"Add --model-name NAME, or leave {option} out.",
        )
    return {"model": model} if model else {}


def _without_source(option: str) -> CommandLineError:
    return CommandLineError(
        code="option-without-like",
        where=option,
        given=f"{option} without --like",
        expected="the series that the array comes from",
        remedy=f"Add --like SERIES, or leave {option} out.",
    )


def decision_table(decisions: Sequence[tuple[str, str, str]], width: int) -> str:
    """Return what becomes of the attributes of a source, in three columns of `width` characters together.

    Attributes stand by information entity, and in each by outcome, in the order of their first.

    Parameters
    ----------
    decisions : sequence of (str, str, str)
        Attribute, value in the source, what becomes of it and why.
    width : int
        Characters of the longest line.

    Examples
    --------
    >>> print(decision_table([("PatientID", "42", "kept: the same patient")], 80))
    attribute    in the source  what becomes of it, and why
    patient
      PatientID  42             kept: the same patient
    """
    rows = [
        (f"  {printable(name)}", _shortened(printable(value)), printable(on_command_line(outcome)))
        for name, value, outcome in decisions
    ]
    widths = _widths([_HEAD, *rows], width)
    lines = list(_wrapped(_HEAD, widths))
    for entity, indices in _grouped([name for name, *_ in decisions]):
        lines.append(entity)
        lines += [
            line
            for row in _briefly([rows[index] for index in indices])
            for line in _wrapped(row, widths)
        ]
    return "\n".join(lines)


def terminal_width() -> int:
    """Return how long a line may be: the terminal's width within reason, 100 characters where there is none.

    Examples
    --------
    >>> 80 <= terminal_width() <= 140
    True
    """
    return min(max(shutil.get_terminal_size((100, 24)).columns, _SHORTEST), _LONGEST)


def _entity(attribute: str) -> str:
    from dicomseries.derivation import NO_RULE, rule_for

    try:
        return rule_for(attribute.split(maxsplit=1)[0]).entity
    except (IndexError, ValueError):  # neither a keyword nor a tag
        return NO_RULE.entity


def _grouped(names: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """Yield each entity, in the order of the rules, with the places of its attributes in `names`."""
    from dicomseries.derivation import rule_entities

    entities = list(map(_entity, names))
    for entity in sorted(set(entities), key=rule_entities().index):
        yield entity, [index for index, one in enumerate(entities) if one == entity]


def _briefly(rows: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield rows of one outcome together, in the order of their first, the reason said once."""
    outcomes = [outcome for _, _, outcome in rows]
    before = ""
    for name, value, outcome in sorted(rows, key=lambda row: outcomes.index(row[2])):
        word, colon, _ = outcome.partition(": ")
        yield name, value, f"{word}: as above" if colon and outcome == before else outcome
        before = outcome


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + " …"


def _widths(rows: Sequence[tuple[str, str, str]], width: int) -> tuple[int, int, int]:
    """Return the width of each column: names and values get what they need, up to a third and a quarter of the line."""
    from rich.cells import cell_len

    needed = [max(cell_len(row[index]) for row in rows) for index in range(2)]
    name, value = min(needed[0], width // 3), min(needed[1], width // 4)
    return name, value, width - name - value - 2 * _GAP


def _wrapped(row: tuple[str, str, str], widths: tuple[int, int, int]) -> Iterator[str]:
    """Yield the lines of a row whose cells go over as many lines as they need."""
    from rich.cells import set_cell_size

    cells = [_folded(text, width) for text, width in zip(row, widths, strict=True)]
    for parts in zip_longest(*cells, fillvalue=""):
        padded = (set_cell_size(part, size) for part, size in zip(parts, widths, strict=True))
        yield (" " * _GAP).join(padded).rstrip()


def _folded(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, of which some letters take two; lines keep their indent."""
    from rich.console import Console
    from rich.text import Text

    words = text.lstrip()
    indent = text[: len(text) - len(words)]
    # Not the terminal's console: what is wanted is where lines break, not how they are written.
    console = Console(file=io.StringIO(), width=width, color_system=None)
    return [indent + line.plain.rstrip() for line in Text(words).wrap(console, width - len(indent))]
