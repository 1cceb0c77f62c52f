"""Completion of the command line in shells.

click has scripts for bash, zsh and fish; that of PowerShell is here. The script of a shell calls
``dicomseries`` with the typed words in its environment, and gets the words that fit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from click import shell_completion

from dicomseries.cli.exit_codes import CommandLineError

__all__ = ["completed", "install_completion", "show_completion"]

_PROGRAM = "dicomseries"
_VARIABLE = "_DICOMSERIES_COMPLETE"
"""Environment variable that asks for completion, such as ``bash_complete``."""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $Env:%(complete_var)s = "powershell_complete"
    $Env:COMP_WORDS = $commandAst.ToString()
    $Env:COMP_WORD = $wordToComplete
    %(prog_name)s | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    $Env:%(complete_var)s = $Env:COMP_WORDS = $Env:COMP_WORD = ""
}
"""


class PowerShellComplete(shell_completion.ShellComplete):
    """Completion in PowerShell."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the beginning of the last."""
        words = shell_completion.split_arg_string(os.environ["COMP_WORDS"])[1:]
        incomplete = os.environ["COMP_WORD"]
        if incomplete:
            words = words[:-1]
        return words, incomplete

    def format_completion(self, item: shell_completion.CompletionItem) -> str:
        """Return the line of one word."""
        return str(item.value)


shell_completion.add_completion_class(PowerShellComplete)

_SCRIPTS = {
    "bash": (".bash_completions/dicomseries.sh", ".bashrc", "source ~/{script}"),
    "zsh": (
        ".zfunc/_dicomseries",
        ".zshrc",
        "fpath+=~/.zfunc; autoload -Uz compinit; compinit",
    ),
    "fish": (".config/fish/completions/dicomseries.fish", "", ""),
}
"""Shell → file of the script, start file, and the line in it that loads the script."""


def completed(app: click.Command) -> bool:
    """Print the words that a shell asks for; return whether one does.

    Examples
    --------
    >>> completed(click.Command("dicomseries"))
    False
    """
    instruction = os.environ.get(_VARIABLE)
    if not instruction:
        return False
    shell_completion.shell_complete(app, {}, _PROGRAM, _VARIABLE, instruction)
    return True


def show_completion(app: click.Command) -> None:
    """Print the script of the current shell."""
    click.echo(_script(app, _shell()))


def install_completion(app: click.Command) -> None:
    """Write the script of the current shell where the shell loads it."""
    shell = _shell()
    script = _script(app, shell)
    if shell == PowerShellComplete.name:
        path = _profile()
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, script)
    else:
        name, start, line = _SCRIPTS[shell]
        path = Path.home() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{script}\n", encoding="utf-8")
        if start:
            _append(Path.home() / start, line.format(script=name))
    click.echo(f"{shell} completion installed in {path}")
    click.echo("Completion will take effect once you restart the terminal")


def _append(path: Path, text: str) -> None:
    """Append a text to a start file that lacks it."""
    present = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text not in present:
        path.write_text(f"{present.rstrip()}\n{text}\n".lstrip(), encoding="utf-8")


def _script(app: click.Command, shell: str) -> str:
    complete: Any = shell_completion.get_completion_class(shell)
    return str(complete(app, {}, _PROGRAM, _VARIABLE).source()).strip()


def _shell() -> str:
    """Return the shell of the user."""
    name = Path(os.environ.get("SHELL", "")).stem
    if not name and "PSMODULEPATH" in {variable.upper() for variable in os.environ}:
        name = PowerShellComplete.name
    if name == "pwsh":
        name = PowerShellComplete.name
    if name in {*_SCRIPTS, PowerShellComplete.name}:
        return name
    raise CommandLineError(
        code="shell-unknown",
        where="the environment variable SHELL",
        given=name or "nothing",
        expected=f"one of {', '.join([*_SCRIPTS, PowerShellComplete.name])}",
        remedy="Set it for this call, e.g. SHELL=bash dicomseries --show-completion.",
    )


def _profile() -> Path:
    """Return the start file of PowerShell."""
    import subprocess

    for program in ("pwsh", "powershell"):
        try:
            shown = subprocess.run(
                [program, "-NoProfile", "-Command", "echo $profile"],
                capture_output=True,
                encoding="utf-8",
                check=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return Path(shown.stdout.strip())
    raise CommandLineError(
        code="shell-unknown",
        where="PowerShell",
        given="a profile that PowerShell does not tell",
        expected="pwsh or powershell on the path",
        remedy="Add the text of dicomseries --show-completion to the file $profile.",
    )
