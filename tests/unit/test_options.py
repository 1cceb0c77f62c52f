"""An option is declared once; its signature, help, documentation and digest follow."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest
from click.testing import CliRunner

import dicomseries as dcs
from dicomseries.cli.click_commands.command_line import command_of
from dicomseries.cli.commands.write_command import command_options, signature
from dicomseries.errors import OptionError
from dicomseries.options import (
    PlanKeywords,
    WriteKeywords,
    WriteOptions,
    option,
    option_checks,
    options_of,
    parameters_text,
    signature_of,
)

ARRAY = np.zeros((2, 3, 4), "int16")
CT = {"kind": "CT", "spacing": (1, 1, 2), "uid": "content"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithDummy(WriteOptions):
    """The options of a write, and one more."""

    dummy: int = option(
        default=3,
        accepts="int",
        text="A number for this test.",
        group="Values",
        help="A dummy option.",
        metavar="N",
        words=int,
    )


def test_a_new_option_is_in_the_signature():
    parameters = signature_of(dcs.write, options_of("write", WithDummy)).parameters
    assert parameters["dummy"].default == 3
    assert parameters["dummy"].kind is inspect.Parameter.KEYWORD_ONLY


def test_a_new_option_is_in_the_help():
    def command(**words):
        pass

    command.__signature__ = signature(command_options(WithDummy))
    help_text = CliRunner().invoke(command_of(command), ["--help"]).output
    assert "--dummy N" in help_text
    assert "A dummy option." in help_text


def test_a_new_option_is_in_the_documentation():
    text = parameters_text(options_of("write", WithDummy))
    assert text.endswith("dummy : int\n    A number for this test.")


def test_a_new_option_counts_for_content_uids(monkeypatch):
    monkeypatch.setattr(import_module("dicomseries.api.plan"), "WriteOptions", WithDummy)
    uids = {dcs.plan(ARRAY, **CT, dummy=number).uids.series for number in (3, 4)}
    assert len(uids) == 2


def test_the_types_of_keywords_are_those_of_the_declared_options():
    assert {*PlanKeywords.__annotations__} == {*options_of("plan")}
    assert {*WriteKeywords.__annotations__} == {*options_of("write")}


def test_every_option_is_explained():
    assert options_of("write")
    for name, one in options_of("write").items():
        assert one.accepts, name
        assert one.text.endswith("."), name
        assert one.group, name


def test_the_signatures_of_write_plan_and_derive_have_the_same_options():
    write = [*inspect.signature(dcs.write).parameters][2:]
    plan = [*inspect.signature(dcs.plan).parameters][1:]
    derive = [*inspect.signature(dcs.api.SeriesVolume.derive).parameters][2:]
    assert write == derive == [*options_of("write")]
    assert plan == [*options_of("plan")]
    assert {*write} - {*plan} == {"overwrite", "resume", "verify", "sync", "dicomdir"}


def test_checks_are_those_of_options():
    assert {*option_checks._CHECKS} <= {*options_of("write")}


@pytest.mark.parametrize("call", ["write", "plan"])
def test_an_unknown_option_is_named_with_the_nearest_one(call, tmp_path):
    arguments = (ARRAY, tmp_path / "out") if call == "write" else (ARRAY,)
    with pytest.raises(TypeError, match=r"'spacin'\. Did you mean 'spacing'\?"):
        getattr(dcs, call)(*arguments, spacin=(1, 1, 2))


def test_an_option_of_labels_without_a_kind_is_rejected_before_the_source_is_read():
    with pytest.raises(OptionError) as caught:
        dcs.plan(ARRAY, like="no such folder", segments={1: "Liver"})
    assert caught.value.code == "option-of-another-kind"
    assert caught.value.given == "segments= with no kind="


def test_no_creators_are_kept_without_a_list_of_them():
    assert dcs.plan(ARRAY, kind="CT", spacing=(1, 1, 2), keep_private=None).kind == "CT"
