"""Shells complete commands, kinds and the words of options."""

from __future__ import annotations

import pytest

from dicomseries.cli.app import run
from dicomseries.cli.option_parameters import completed_words
from dicomseries.options import options_of


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("dicomseries wr", "write"),
        ("dicomseries write a.npy out --kind enhancedc", "enhancedct"),
        ("dicomseries write a.npy out --kind Seg", "Segmentation"),
        ("dicomseries write a.npy out --compress jpe", "jpegls"),
        ("dicomseries derive scan a.npy out --kind par", "parametricmap"),
    ],
)
def test_bash_completes_commands_kinds_and_words(typed, completed, monkeypatch, capsys):
    monkeypatch.setenv("_DICOMSERIES_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    run([])
    assert capsys.readouterr().out.split() == [completed]


def test_every_completed_word_is_accepted_by_its_option():
    options = options_of("write")
    for name, words in completed_words().items():
        assert name in options
        for word in words:
            assert word.rstrip("=") in options[name].help + options[name].metavar, (name, word)
