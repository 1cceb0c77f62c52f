"""Help of commands: sections, kinds, examples and common options."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

import click

from dicomseries.cli.click_commands.command_line import CommandOption, PlainCommand

__all__ = [
    "EVERYWHERE",
    "KINDS",
    "HelpAll",
    "Sectioned",
    "examples",
    "full_help",
    "kinds",
    "sectioned",
]

EVERYWHERE = """\b
Every command also takes:
  --json   one object on stdout and nothing else there; on failure stdout is
           empty and stderr has {"error": {...}}
  --quiet  no progress and no report; notes and errors stay
  --verbose, -v  the stages of the work on stderr; -vv more of each
  --debug  the traceback after an error
"""

KINDS = "\b\nKinds: ...\n\n"
"""Stands for the list of kinds at the end of a command's help, until that help is shown."""

_EVERYWHERE_SHORT = "Every command also takes --json, --quiet and --debug."
_SHORT_EXAMPLES = 3
_ALL = "help-all"
"""Key of a context whose help shows every option."""

_HELP = frozenset({"--help", "--help-all"})
_PLAIN = {"argument": "Arguments", "option": "Options"}
_WIDTH = 76
_HANGING = " " * 19
"""Indent of the summaries of kinds; lines of help are 78 characters long."""


class Sectioned(PlainCommand):
    """A command with sections of options in its help.

    Of a command with `common` options, ``--help`` shows those, and ``--help-all`` all of them.

    Examples
    --------
    >>> issubclass(Sectioned, PlainCommand)
    True
    """

    common: frozenset[str] = frozenset()
    """Parameters that ``--help`` shows; empty for all."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options in sections."""
        if self._is_short(ctx):
            self._format_common_options(ctx, formatter)
            return
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            panel = getattr(parameter, "group", None)
            title = panel or _PLAIN[parameter.param_type_name]
            if record is not None:
                sections.setdefault(title, []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def _is_short(self, ctx: Any) -> bool:
        return bool(self.common) and _ALL not in ctx.meta

    def _format_common_options(self, ctx: Any, formatter: Any) -> None:
        arguments: list[tuple[str, str]] = []
        options: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":
                arguments.append(record)
            elif parameter.name in self.common or not _HELP.isdisjoint(parameter.opts):
                options.append(record)
        with formatter.section("Arguments"):
            formatter.write_dl(arguments)
        with formatter.section("Common options"):
            formatter.write_dl(options)

    def _short_epilog(self) -> str:
        lines = (self.epilog or "").splitlines()
        shown = [line for line in lines if line.startswith("  dicomseries ")][:_SHORT_EXAMPLES]
        parts = ["\b", "Examples:", *shown, "", _EVERYWHERE_SHORT]
        if KINDS in (self.epilog or ""):
            from dicomseries.iod import OFFERED

            names = "Kinds: " + ", ".join(kind.name for kind in OFFERED) + "."
            parts = [*textwrap.wrap(names, _WIDTH), "", *parts]
        return "\n".join(parts)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the end of the help, with all kinds."""
        epilog = self.epilog or ""
        if self._is_short(ctx):
            self.epilog = self._short_epilog()
        elif KINDS in epilog:
            wrapper = textwrap.TextWrapper(_WIDTH, initial_indent="  ", subsequent_indent=_HANGING)
            lines = list(map(wrapper.fill, kinds()))
            self.epilog = epilog.replace(KINDS, "\n".join(["\b\nKinds:", *lines, "\n"]))
        super().format_epilog(ctx, formatter)
        self.epilog = epilog


def sectioned(*common: str) -> type[Sectioned]:
    """Return a command class whose ``--help`` shows the common options only.

    Parameters
    ----------
    *common : str
        Names of parameters of the command.

    Examples
    --------
    >>> sectioned("kind").common
    frozenset({'kind'})
    """
    return type("Sectioned", (Sectioned,), {"common": frozenset(common)})


def full_help(context: click.Context) -> str:
    """Return the help of a command with every option."""
    context.meta[_ALL] = True
    return context.get_help()


def _show_all(context: click.Context, is_asked: bool) -> None:
    if is_asked:
        click.echo(full_help(context))
        context.exit()


HelpAll = Annotated[
    bool,
    CommandOption("--help-all", help="Show every option and exit.", at_once=_show_all),
]
"""The option of a command made by `sectioned`."""


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
