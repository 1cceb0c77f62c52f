"""Help of commands: sections, kinds, examples and common options."""

from __future__ import annotations

import textwrap
from typing import Any

from typer.core import TyperCommand

__all__ = ["EVERYWHERE", "KINDS", "Sectioned", "examples", "kinds"]

EVERYWHERE = """\b
Every command also takes:
  --json   one object on stdout and nothing else there; on failure stdout is
           empty and stderr has {"error": {...}}
  --quiet  no progress and no report; notes and errors stay
  --debug  the traceback after an error
"""

KINDS = "\b\nKinds: ...\n\n"
"""Stands for the list of kinds at the end of a command's help, until that help is shown."""

_PLAIN = {"argument": "Arguments", "option": "Options"}
_WIDTH = 76
_HANGING = " " * 19
"""Indent of the summaries of kinds; lines of help are 78 characters long."""


class Sectioned(TyperCommand):
    """A command with sections of options in its plain help.

    typer groups options in its coloured help only, which takes twice as long to appear.

    Examples
    --------
    >>> issubclass(Sectioned, TyperCommand)
    True
    """

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options in sections."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            panel = getattr(parameter, "rich_help_panel", None)
            title = panel or _PLAIN[parameter.param_type_name]
            if record is not None:
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the end of the help, with all kinds."""
        if self.epilog and KINDS in self.epilog:
            wrapper = textwrap.TextWrapper(_WIDTH, initial_indent="  ", subsequent_indent=_HANGING)
            lines = list(map(wrapper.fill, kinds()))
            self.epilog = self.epilog.replace(KINDS, "\n".join(["\b\nKinds:", *lines, "\n"]))
        super().format_epilog(ctx, formatter)


def kinds() -> list[str]:
    """Return name and summary of each kind.

    Examples
    --------
    >>> kinds()[0].split()[0]
    'CT'
    """
    from dicomseries.iod import OFFERED

    width = max(len(kind.name) for kind in OFFERED)
    return [f"{kind.name:<{width}}  {kind.summary}" for kind in OFFERED]


def examples(*lines: str) -> str:
    """Return the end of a command's help.

    Examples
    --------
    >>> print(examples("dicomseries list scans/").splitlines()[2])
      dicomseries list scans/
    """
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", EVERYWHERE])
