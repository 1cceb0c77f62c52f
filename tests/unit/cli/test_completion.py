"""Shells complete commands, kinds and the words of options."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicomseries.cli.app import run
from dicomseries.cli.option_parameters import completed_words
from dicomseries.options import options_of

TYPED = [
    ("dicomseries wr", "write"),
    ("dicomseries write a.npy out --kind enhancedc", "enhancedct"),
    ("dicomseries write a.npy out --kind Seg", "Segmentation"),
    ("dicomseries write a.npy out --compress jpe", "jpegls"),
    ("dicomseries derive scan a.npy out --kind par", "parametricmap"),
]


def completions(shell, typed, monkeypatch, capsys):
    """Words that a shell gets for a command line."""
    *_, last = typed.split()
    words = {
        "COMP_WORDS": typed if shell != "fish" else typed.removesuffix(last).strip(),
        "COMP_CWORD": last if shell == "fish" else str(len(typed.split()) - 1),
        "COMP_WORD": last,
    }
    for name, value in {"_DICOMSERIES_COMPLETE": f"{shell}_complete", **words}.items():
        monkeypatch.setenv(name, value)
    assert run([]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_bash_completes_commands_kinds_and_words(typed, completed, monkeypatch, capsys):
    assert completions("bash", typed, monkeypatch, capsys) == f"plain,{completed}\n"


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_powershell_completes_commands_kinds_and_words(typed, completed, monkeypatch, capsys):
    assert completions("powershell", typed, monkeypatch, capsys) == f"{completed}\n"


def test_zsh_and_fish_complete_with_the_line_of_the_help(monkeypatch, capsys):
    assert "write" in completions("zsh", "dicomseries wr", monkeypatch, capsys).splitlines()
    shown = completions("fish", "dicomseries wr", monkeypatch, capsys)
    assert "write" in shown
    assert "Write an array" in shown


@pytest.mark.parametrize(
    ("shell", "script"),
    [("zsh", ".zfunc/_dicomseries"), ("fish", ".config/fish/completions/dicomseries.fish")],
)
def test_completion_is_installed_as_shown(shell, script, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert run(["--install-completion"]) == 0
    assert run(["--show-completion"]) == 0
    text = (tmp_path / script).read_text(encoding="utf-8")
    assert text.strip() in capsys.readouterr().out
    assert "_DICOMSERIES_COMPLETE" in text


def test_a_start_file_is_kept_and_gets_its_line_once(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    start = tmp_path / ".zshrc"
    start.write_text("alias ll='ls -l'\n", encoding="utf-8")
    for _ in range(2):
        assert run(["--install-completion"]) == 0
    alias, line = start.read_text(encoding="utf-8").splitlines()
    assert alias == "alias ll='ls -l'"
    assert "fpath+=~/.zfunc" in line


def test_the_script_of_powershell_is_shown(monkeypatch, capsys):
    monkeypatch.setenv("SHELL", "/usr/bin/pwsh")
    assert run(["--show-completion"]) == 0
    assert "Register-ArgumentCompleter -Native -CommandName dicomseries" in capsys.readouterr().out


def test_an_unknown_shell_is_named(monkeypatch, capsys):
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert run(["--show-completion"]) == 2
    assert "tcsh" in capsys.readouterr().err


def test_every_completed_word_is_accepted_by_its_option():
    options = options_of("write")
    for name, words in completed_words().items():
        assert name in options
        for word in words:
            assert word.rstrip("=") in options[name].help + options[name].metavar, (name, word)
