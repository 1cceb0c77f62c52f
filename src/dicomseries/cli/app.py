"""All commands in one application, with errors and exit codes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import click

import dicomseries
from dicomseries.cli import commands
from dicomseries.cli.click_commands.command_line import CommandLine
from dicomseries.cli.click_commands.shell_completion import (
    completed,
    install_completion,
    show_completion,
)
from dicomseries.cli.exit_codes import CommandLineError, Exit, exit_of
from dicomseries.cli.help_sections import EVERYWHERE
from dicomseries.cli.log_on_stderr import log_on_stderr
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import split_words
from dicomseries.cli.storage_options import OPTION, without_values
from dicomseries.errors import DicomSeriesWarning
from dicomseries.operating_system import is_closed_pipe

__all__ = ["app", "run"]


def _at_root() -> None:
    """Write any array as a DICOM series that every viewer reads right, and prove it."""
    # Without a command the help is shown.
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(Exit.USAGE)


def _flag(name: str, text: str, function: Callable[[], None]) -> click.Option:
    """Return an option that is answered at once."""

    def answer(context: click.Context, _: click.Parameter, is_typed: bool) -> None:
        if is_typed and not context.resilient_parsing:
            function()
            context.exit()

    return click.Option(
        [name], help=text, is_flag=True, is_eager=True, expose_value=False, callback=answer
    )


def _version() -> None:
    click.echo(f"dicomseries {dicomseries.__version__}")


# Help is plain text: rich's would double the time `--help` takes, and reads worse in a pipe.
app: CommandLine = CommandLine(
    commands.NAMES,
    commands.__name__,
    folders=commands.FOLDERS,
    name="dicomseries",
    help=_at_root.__doc__,
    callback=_at_root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        _flag("--version", "Print the version and exit.", _version),
        _flag(
            "--install-completion",
            "Install completion for the current shell.",
            lambda: install_completion(app),
        ),
        _flag(
            "--show-completion",
            "Show completion for the current shell, to copy it or customize the installation.",
            lambda: show_completion(app),
        ),
    ],
    epilog=f"""\b
Exit codes:
  0 done, 1 check found errors, 2 usage, 3 input rejected,
  4 reading or writing failed, 130 interrupted

{EVERYWHERE}""",
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error becomes one block on stderr.

    Examples
    --------
    >>> run(["--version"])
    dicomseries ...
    0
    """
    typed = sys.argv[1:] if arguments is None else arguments
    words, output = split_words(typed)
    output = replace(output, words=tuple(typed))
    _escape_unknown_characters()
    what_is_left: Any = "nothing is left behind"
    with (
        _warnings_as_notes(output),
        log_on_stderr(output),
        _signals_as_interrupts() as received,
    ):
        try:
            code = _called(words, output)
            sys.stdout.flush()
        except (KeyboardInterrupt, click.Abort) as stop:
            code = Exit.INTERRUPTED
            what_is_left = next(iter(stop.args), what_is_left)
        except Exception as error:  # noqa: BLE001 - every error becomes one block
            if is_closed_pipe(error):
                return int(Exit.DONE)
            return _failed(error, output)
        finally:
            _discard_unwritable_output()
    if code == Exit.INTERRUPTED:
        output.note(f"interrupted; {on_command_line(what_is_left)}")
        return 128 + received[0] if received else int(Exit.INTERRUPTED)
    return int(code or Exit.DONE)


def _called(words: list[str], output: Output) -> int:
    """Call the typed command; return its exit code."""
    if completed(app):
        return int(Exit.DONE)
    try:
        with app.make_context("dicomseries", words, obj=output) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as end:
        code = end.exit_code
    return int(code or Exit.DONE)


def _failed(error: Exception, output: Output) -> int:
    if output.debug:
        traceback.print_exception(error)
    if isinstance(error, click.UsageError):
        error = _usage_error(error, output.words)
    output.error(error)
    return int(exit_of(error))


def _discard_unwritable_output() -> None:
    """Discard output to a closed pipe, which fails again at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_error(error: Any, words: Sequence[str]) -> CommandLineError:
    """Return a usage error of click in our form."""
    message = error.format_message() or "no command"
    if any(word.startswith(OPTION) for word in words):
        # The second of two pairs behind one option is an argument too many, and may be secret.
        message = without_values(message)
    context = getattr(error, "ctx", None)
    if context is None:
        command = _command_of(words)
        usage = f"{command} [OPTIONS] ..."
    else:
        command = context.command_path
        usage = context.get_usage().removeprefix("Usage: ")
    return CommandLineError(
        code="usage",
        where=command,
        given=message,
        expected=" ".join(usage.split()),
        remedy=f"{_values_missing(message)}See {command} --help.",
    )


def _command_of(words: Sequence[str]) -> str:
    """Return the typed command; a usage error may lack it."""
    for word in words:
        if word in commands.NAMES:
            return f"dicomseries {word}"
    return "dicomseries"


def _values_missing(message: str) -> str:
    """Return the remedy for an option with too few values."""
    match = re.fullmatch(r"Option '(--[a-z-]+)' requires (\d+) arguments\.", message)
    if match is None:
        return ""
    return f"Write {match[2]} values after {match[1]}, separated by spaces. "


@contextlib.contextmanager
def _warnings_as_notes(output: Output) -> Iterator[None]:
    noted: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = str(message)
        if isinstance(message, DicomSeriesWarning):
            text = on_command_line(message.args[0])
        if issubclass(category, UserWarning) and text not in noted:
            noted.add(text)
            output.note(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def _signals_as_interrupts() -> Iterator[list[int]]:
    """Treat SIGTERM and SIGHUP like Ctrl-C; yield the received signals."""
    received: list[int] = []

    def end(number: int, _: Any) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    numbers = []
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            numbers.append(number)
    for number in numbers:
        signal.signal(number, end)
    try:
        yield received
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _escape_unknown_characters() -> None:
    """Escape characters outside the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
