"""The commands together, and the one place where an error becomes a block of text and an exit code."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Annotated, Any

import typer

from dicomseries.cli.commands import (
    check_command,
    demo_command,
    derive_command,
    doctor_command,
    list_command,
    read_command,
    serve_command,
    tags_command,
    view_command,
    write_command,
)
from dicomseries.cli.exit_codes import CommandLineError, Exit, exit_of
from dicomseries.cli.help_sections import EVERYWHERE
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import split_words
from dicomseries.cli.storage_options import OPTION, without_values

__all__ = ["app", "run"]

# Help is plain text: rich's would double the time `--help` takes, and reads worse in a pipe.
app = typer.Typer(
    name="dicomseries",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"""\b
Exit codes:
  0 done, 1 check found errors, 2 usage, 3 input refused,
  4 reading or writing failed, 130 interrupted

{EVERYWHERE}""",
)
for _command in (
    demo_command,
    write_command,
    derive_command,
    read_command,
    list_command,
    tags_command,
    view_command,
    serve_command,
    check_command,
    doctor_command,
):
    _command.register(app)

# typer has its own click, or uses the installed one, by version; this is the usage error of either.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


@app.callback(invoke_without_command=True)
def _dicomseries(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Write any array as a DICOM series that every viewer reads right, and prove it."""
    if version:
        typer.echo(f"dicomseries {_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(Exit.USAGE)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error ends as one block on stderr and an exit code, never as a traceback.

    Examples
    --------
    >>> run(["--version"])
    dicomseries ...
    0
    """
    typed = sys.argv[1:] if arguments is None else arguments
    words, output = split_words(typed)
    output = replace(output, words=tuple(typed))
    _never_fail_on_a_letter()
    with _warnings_as_notes(output), _ended_as_by_keyboard() as received:
        try:
            code = app(words, prog_name="dicomseries", standalone_mode=False, obj=output)
            sys.stdout.flush()
        except (BrokenPipeError, SystemExit):
            # The other end of a pipe has seen enough (``| head``); typer makes a SystemExit of it, and of nothing else.
            return int(Exit.DONE)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user gets one block
            return _failed(error, output)
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        finally:
            _give_up_unwritable_stdout()
    if code == Exit.INTERRUPTED:  # typer turns Ctrl-C into this code
        _interrupted(output)
        return 128 + received[0] if received else int(Exit.INTERRUPTED)
    return int(code or Exit.DONE)


def _failed(error: Exception, output: Output) -> int:
    if isinstance(error, typer.Abort):
        return _interrupted(output)
    shown = _as_usage_fault(error, output.words) if isinstance(error, _UsageError) else error
    if output.debug:
        traceback.print_exception(error)
    output.error(shown)
    return int(exit_of(shown))


def _interrupted(output: Output) -> int:
    output.note("interrupted; nothing is left behind")
    return int(Exit.INTERRUPTED)


def _give_up_unwritable_stdout() -> None:
    """Let what a closed pipe or a full disk did not take vanish: the interpreter would complain once more at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_usage_fault(error: Any, words: Sequence[str]) -> CommandLineError:
    given = error.format_message() or "no command"
    if any(word.startswith(OPTION) for word in words):
        given = without_values(
            given
        )  # of two pairs behind one option, the second is an argument too many
    context = getattr(error, "ctx", None)
    if context is None:
        path = _command_of(words)
        usage = f"{path} [OPTIONS] ..."
    else:
        path = context.command_path
        usage = context.get_usage().removeprefix("Usage: ")
    return CommandLineError(
        code="usage",
        where=path,
        given=given,
        expected=" ".join(usage.split()),
        remedy=f"{_advice_on(given)}See {path} --help.",
    )


def _command_of(words: Sequence[str]) -> str:
    """Return the command that was typed; typer forgets it where an option has too few values."""
    names = {command.name or _name_of(command.callback) for command in app.registered_commands}
    typed = next((word for word in words if word in names), None)
    return "dicomseries" if typed is None else f"dicomseries {typed}"


def _name_of(callback: Any) -> str:
    return str(callback.__name__).replace("_", "-")


def _advice_on(given: str) -> str:
    """Return what to type where an option has too few values; empty for other faults.

    Examples
    --------
    >>> _advice_on("Option '--spacing' requires 3 arguments.")
    'Write 3 values after --spacing, separated by spaces. '
    """
    fault = re.fullmatch(r"Option '(--[a-z-]+)' requires (\d+) arguments\.", given)
    return f"Write {fault[2]} values after {fault[1]}, separated by spaces. " if fault else ""


@contextlib.contextmanager
def _warnings_as_notes(output: Output) -> Iterator[None]:
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, UserWarning) and str(message) not in said:
            said.add(str(message))
            output.note(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def _ended_as_by_keyboard() -> Iterator[list[int]]:
    """Clean up after SIGTERM and SIGHUP as after Ctrl-C; the list tells which of them came."""
    received: list[int] = []

    def end(number: int, _: Any) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in known if signal.getsignal(number) == signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, end)
    try:
        yield received
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _never_fail_on_a_letter() -> None:
    """Show a letter that the terminal's encoding lacks by its number instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _version() -> str:
    try:
        return metadata.version("dicomseries")
    except metadata.PackageNotFoundError:  # run from a source tree
        return "(not installed)"
