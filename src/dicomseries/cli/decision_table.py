"""The table of `--dry-run`: attributes kept from a source series.

Attributes are grouped by information entity, as the rules are, no wider than the terminal.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import TypeAlias

from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.terminal import printable

__all__ = ["decision_table", "terminal_width"]

Row: TypeAlias = tuple[str, str, str]
"""Attribute, value in the source, and outcome with its reason."""

_HEAD = ("attribute", "in the source", "in the result, and why")
_GAP = 2
_SHORTEST, _LONGEST = 80, 140
"""Characters of a line: longer ones are hard to read, shorter ones leave no space for reasons."""

_LONGEST_VALUE = 120
"""Characters of a source's value that are shown; programs get all of them."""


def decision_table(decisions: Sequence[Row], width: int) -> str:
    """Return the decisions about a source's attributes in three columns.

    Parameters
    ----------
    decisions : sequence of (str, str, str)
        Attribute, value in the source, outcome with its reason.
    width : int
        Characters of the longest line.

    Examples
    --------
    >>> print(decision_table([("PatientID", "42", "kept: the same patient")], 80))
    attribute    in the source  in the result, and why
    patient
      PatientID  42             kept: the same patient
    """
    by_entity: dict[str, list[Row]] = {}
    for name, value, outcome in decisions:
        row = (
            f"  {printable(name)}",
            _shortened(printable(value)),
            printable(on_command_line(outcome)),
        )
        by_entity.setdefault(_entity(name), []).append(row)
    widths = _widths([_HEAD, *chain.from_iterable(by_entity.values())], width)
    lines = list(_wrapped(_HEAD, widths))
    for entity in _in_order_of_rules(by_entity):
        lines.append(entity)
        for row in _by_outcome(by_entity[entity]):
            lines += _wrapped(row, widths)
    return "\n".join(lines)


def terminal_width() -> int:
    """Return the width of a table: the terminal's, else 100.

    Examples
    --------
    >>> 80 <= terminal_width() <= 140
    True
    """
    return min(max(shutil.get_terminal_size((100, 24)).columns, _SHORTEST), _LONGEST)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    return text[:_LONGEST_VALUE] + " …"


def _entity(attribute: str) -> str:
    from dicomseries.derivation import NO_RULE, rule_for

    try:
        return rule_for(attribute.split(maxsplit=1)[0]).entity
    except (IndexError, ValueError):  # neither a keyword nor a tag
        return NO_RULE.entity


def _in_order_of_rules(entities: dict[str, list[Row]]) -> list[str]:
    from dicomseries.derivation import rule_entities

    return sorted(entities, key=rule_entities().index)


def _by_outcome(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield rows sorted by outcome, each reason once."""
    outcomes = [outcome for _, _, outcome in rows]
    previous = ""
    for name, value, outcome in sorted(rows, key=lambda row: outcomes.index(row[2])):
        action, colon, _ = outcome.partition(": ")
        text = outcome
        if colon and outcome == previous:
            text = f"{action}: as above"
        yield name, value, text
        previous = outcome


def _widths(rows: Sequence[Row], width: int) -> tuple[int, int, int]:
    """Return the widths of the three columns."""
    from rich.cells import cell_len

    names, values, _ = zip(*rows, strict=True)
    name = min(max(map(cell_len, names)), width // 3)
    value = min(max(map(cell_len, values)), width // 4)
    return name, value, width - name - value - 2 * _GAP


def _wrapped(row: Row, widths: tuple[int, int, int]) -> Iterator[str]:
    """Yield the lines of a row, its cells folded."""
    from rich.cells import set_cell_size

    cells = list(map(_folded, row, widths))
    for parts in zip_longest(*cells, fillvalue=""):
        yield (" " * _GAP).join(map(set_cell_size, parts, widths)).rstrip()


def _folded(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` cells."""
    from rich.console import Console
    from rich.text import Text

    words = text.lstrip()
    indent = text[: len(text) - len(words)]
    # A console without a terminal: only the line breaks are used.
    console = Console(file=io.StringIO(), width=width, color_system=None)
    lines = Text(words).wrap(console, width - len(indent))
    return [indent + line.plain.rstrip() for line in lines]
