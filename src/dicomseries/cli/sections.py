"""Help in sections: the options of a command with many of them, under the headings that `rich_help_panel` names."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

__all__ = ["Sectioned"]

_PLAIN = {"argument": "Arguments", "option": "Options"}


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
