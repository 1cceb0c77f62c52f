"""Help in sections: the options of a command with many of them, under the headings that `rich_help_panel` names."""

from __future__ import annotations

import textwrap
from typing import Any

from typer.core import TyperCommand

__all__ = ["KINDS", "Sectioned", "kinds"]

KINDS = "\b\nKinds: ...\n\n"
"""In the end of a command's help: what kinds there are, looked up when that help is shown."""

_PLAIN = {"argument": "Arguments", "option": "Options"}
_WIDTH = 76
_HANGING = " " * 19
"""Where the summaries of kinds stand in the help, whose lines are 78 characters long."""


class Sectioned(TyperCommand):
    """A command whose plain help shows its options in sections.

    typer groups options in its coloured help alone, which takes twice as long to appear and reads worse in a pipe.

    Examples
    --------
    >>> issubclass(Sectioned, TyperCommand)
    True
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options, each section where its first option stands."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            title = getattr(parameter, "rich_help_panel", None) or _PLAIN[parameter.param_type_name]
            if record is not None:
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the end of the help, with the kinds as they are in the tables."""
        if self.epilog and KINDS in self.epilog:
            lines = (
                textwrap.fill(line, _WIDTH, initial_indent="  ", subsequent_indent=_HANGING)
                for line in kinds()
            )
            self.epilog = self.epilog.replace(KINDS, "\n".join(["\b\nKinds:", *lines, "\n"]))
        super().format_epilog(ctx, formatter)


def kinds() -> list[str]:
    """Return a line for each kind: its name, and what it is for.

    Examples
    --------
    >>> kinds()[0].split()[0]
    'CT'
    """
    from dicomseries.iod import OFFERED

    width = max(len(kind.name) for kind in OFFERED)
    return [f"{kind.name:<{width}}  {kind.summary}" for kind in OFFERED]
