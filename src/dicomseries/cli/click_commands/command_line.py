"""Commands of click, made from the signatures of functions.

A parameter of a function is annotated with its type and its declaration:
``Annotated[str, CommandArgument(metavar="OUT", help="Folder to make.")]``. A command is made, and
its module imported, when it is called or its help is shown.
"""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin, get_type_hints

import click
from click.shell_completion import CompletionItem

from dicomseries.lazy_dataclass import dataclass

__all__ = ["CommandArgument", "CommandLine", "CommandOption", "PlainCommand", "command_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandArgument:
    """An argument of a command.

    Parameters
    ----------
    metavar : str
        Its name in the help.
    help : str
        Its line in the help.
    """

    metavar: str
    help: str


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An option of a command.

    Parameters
    ----------
    flag : str
        Such as ``--html`` or ``--sync/--no-sync``; by default the name of the parameter.
    metavar : str, optional
        Name of its value in the help.
    help : str
        Its line in the help.
    group : str
        Section of the help.
    minimum, maximum : int, optional
        Range of a number.
    completion : callable, optional
        Beginning of a word → words that a shell offers.
    at_once : callable, optional
        Called with context and value before other options are read. The command does not get it.
    """

    flag: str = ""
    metavar: str | None = None
    help: str = ""
    group: str = ""
    minimum: int | None = None
    maximum: int | None = None
    completion: Callable[[str], list[str]] | None = None
    at_once: Callable[[click.Context, Any], None] | None = None


class PlainCommand(click.Command):
    """A command with its arguments and options in two sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                sections["Arguments" if is_argument else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class CommandLine(click.Group):
    """Commands in modules that are imported when needed.

    Parameters
    ----------
    names : sequence of str
        Commands, in the order of the help.
    package : str
        The command ``list`` is in the module ``list_command`` of this package, which has a function
        ``register``.
    folders : mapping
        Command → the subpackage of its module, where it is in one.
    **settings
        As for `click.Group`.
    """

    def __init__(
        self,
        names: Sequence[str],
        package: str,
        *,
        folders: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(subcommand_metavar="COMMAND [ARGS]...", **settings)
        self.names = tuple(names)
        self.package = package
        self.folders = dict(folders or {})

    def declare(
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Callable[..., Any]], None]:
        """Return a function that adds a function as a command; settings as in `command_of`."""

        def add(function: Callable[..., Any]) -> None:
            self.add_command(command_of(function, name, **settings))

        return add

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; its module is imported."""
        del ctx
        if cmd_name not in self.names:
            return None
        if cmd_name not in self.commands:
            folder = f".{self.folders[cmd_name]}" if cmd_name in self.folders else ""
            module = importlib.import_module(f"{self.package}{folder}.{cmd_name}_command")
            module.register(self)
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that was typed.

        Raises
        ------
        click.UsageError
            If there is none of this name; it says which is meant.
        """
        word = args[0]
        if word in self.names or word.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        message = f"No such command {word!r}."
        similar = get_close_matches(word, self.names)
        if similar:
            message += f" Did you mean {' or '.join(map(repr, similar))}?"
        raise click.UsageError(message, ctx)


def command_of(
    function: Callable[..., Any],
    name: str | None = None,
    *,
    cls: type[click.Command] = PlainCommand,
    short_help: str = "",
    epilog: str = "",
) -> click.Command:
    """Return a function as a command of click.

    Parameters
    ----------
    function : callable
        Its parameters are annotated with declarations; one of type `click.Context` gets the
        context, one whose type is a dataclass the options that are its fields. Its docstring is
        the help.
    name : str, optional
        Name of the command, by default that of the function.
    cls : type, optional
        Class of the command.
    short_help, epilog : str
        Its line in the list of commands; the end of its help.

    Examples
    --------
    >>> from typing import Annotated
    >>> def count(number: Annotated[int, CommandOption(help="How many.")] = 1) -> None:
    ...     print(number)
    >>> command_of(count).main(["--number", "3"], standalone_mode=False)
    3
    """
    parameters: list[click.Parameter] = []
    context_name = None
    records: dict[str, Any] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.annotation is click.Context:
            context_name = parameter.name
        elif is_dataclass(parameter.annotation):
            records[parameter.name] = parameter.annotation
            parameters += map(_click_parameter, _parameters_of(parameter.annotation))
        else:
            parameters.append(_click_parameter(parameter))

    def call(**words: Any) -> Any:
        if context_name is not None:
            words[context_name] = click.get_current_context()
        for record_name, record in records.items():
            options = {field.name: words.pop(field.name) for field in fields(record)}
            words[record_name] = record(**options)
        return function(**words)

    return cls(
        name=name or function.__name__,
        callback=call,
        params=parameters,
        help=inspect.getdoc(function),
        short_help=short_help,
        epilog=epilog,
    )


def _parameters_of(record: Any) -> Iterator[inspect.Parameter]:
    """Yield the fields of a record of options as parameters."""
    annotations = get_type_hints(record, include_extras=True)
    for field in fields(record):
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=annotations[field.name],
        )


def _click_parameter(parameter: inspect.Parameter) -> click.Parameter:
    kind, declaration = get_args(parameter.annotation)
    if get_origin(kind) in {Union, types.UnionType}:
        (kind,) = (part for part in get_args(kind) if part is not types.NoneType)
    if isinstance(declaration, CommandArgument):
        return _Argument(parameter, kind, declaration)
    return _Option(parameter, kind, declaration)


class _Argument(click.Argument):
    def __init__(
        self, parameter: inspect.Parameter, kind: Any, declaration: CommandArgument
    ) -> None:
        is_list = get_origin(kind) is list
        super().__init__(
            [parameter.name],
            required=parameter.default is inspect.Parameter.empty,
            type=get_args(kind)[0] if is_list else kind,
            nargs=-1 if is_list else 1,
            metavar=declaration.metavar,
            callback=_as_list if is_list else None,
        )
        self.text = declaration.help
        self.kind = str(kind) if is_list else kind.__name__

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        del ctx
        text = f"{self.text}  [required]" if self.required else self.text
        return f"{self.metavar} <{self.kind}>", text

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        del ctx
        piece = f"{{{self.metavar}}}" if self.required else f"[{self.metavar}]"
        return [piece if self.nargs == 1 else f"{piece}..."]

    def get_error_hint(self, ctx: click.Context | None) -> str:
        del ctx
        return f"'{self.metavar}'"


class _Option(click.Option):
    def __init__(self, parameter: inspect.Parameter, kind: Any, declaration: CommandOption) -> None:
        settings: dict[str, Any] = {"type": kind, "default": parameter.default}
        is_required = parameter.default is inspect.Parameter.empty
        if is_required:
            del settings["default"]
        if kind is bool:
            settings["is_flag"] = True
        elif get_origin(kind) is tuple:
            settings["type"] = get_args(kind)
        elif get_origin(kind) is list:
            settings |= {"type": get_args(kind)[0], "multiple": True, "callback": _as_list}
        elif declaration.maximum is not None:
            settings["type"] = click.IntRange(declaration.minimum, declaration.maximum)
        if declaration.at_once is not None:
            settings |= {"callback": _at_once(declaration.at_once), "is_eager": True}
        if declaration.completion is not None:
            settings["shell_complete"] = _completes(declaration.completion)
        flag = declaration.flag or "--" + parameter.name.replace("_", "-")
        super().__init__(
            [parameter.name, flag],
            metavar=declaration.metavar,
            help=declaration.help,
            required=is_required,
            show_default=kind is not bool and settings.get("default") is not None,
            expose_value=declaration.at_once is None,
            **settings,
        )
        self.group = declaration.group


def _as_list(ctx: click.Context, parameter: click.Parameter, value: Any) -> list[Any] | None:
    """Return several values as a list, no value as None."""
    del ctx, parameter
    return list(value) or None


def _at_once(function: Callable[[click.Context, Any], None]) -> Callable[..., None]:
    def call(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        del parameter
        function(ctx, value)

    return call


def _completes(words_of: Callable[[str], list[str]]) -> Callable[..., list[CompletionItem]]:
    def complete(
        ctx: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, parameter
        return list(map(CompletionItem, words_of(incomplete)))

    return complete
