"""``dicomseries batch``: the series of a whole dataset in one call."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.commands.write_command import command_options, model_of
from dicomseries.cli.exit_codes import Exit
from dicomseries.cli.free_memory import return_freed_memory
from dicomseries.cli.help_sections import HelpAll, examples, sectioned
from dicomseries.cli.option_parameters import parameter, parameters
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output
from dicomseries.cli.parse_arguments import arguments_of, metadata_of
from dicomseries.cli.progress import progress_bar
from dicomseries.options import Option

if TYPE_CHECKING:  # numpy is not needed to say how the command is called
    from dicomseries.reports import BatchReport

__all__ = ["batch", "register"]

_COMMON = (
    "bids",
    "records",
    "namespace",
    "resume",
    "keep_going",
    "dry_run",
    "kind",
    "settings",
    "metadata",
    "uid",
    "compression",
    "workers",
    "executor",
)
"""Options that `--help` shows."""

_NOT_FOR_ALL = frozenset(
    {"bids", "bvals", "bvecs", "dry_run", "entropy", "preview", "report", "resume"}
)
"""Options of the command `write` that a batch does not have, or has in another sense."""

_GROUP = "Batch"
_OWN = {
    "bids": (
        CommandOption(
            metavar="ROOT",
            help="Root of a BIDS dataset instead of a list of jobs; JOBS is then the folder of the"
            " series.",
            group=_GROUP,
        ),
        str,
        None,
    ),
    "records": (
        CommandOption(
            metavar="FOLDER",
            help="Record of the batch, failed.jsonl and the reports.  [default: the name of JOBS"
            " with the ending .batch]",
            group=_GROUP,
        ),
        str,
        None,
    ),
    "namespace": (
        CommandOption(
            metavar="TEXT",
            help="A text that no other dataset has, such as a DOI: the UIDs of studies are then"
            " the same in every batch.",
            group=_GROUP,
        ),
        str,
        None,
    ),
    "resume": (
        CommandOption("--resume", help="Go on with a batch that was stopped.", group=_GROUP),
        bool,
        False,
    ),
    "keep_going": (
        CommandOption(
            "--keep-going/--stop-on-error",
            help="Whether a failed job leaves the others running.  [default: keep-going]",
            group=_GROUP,
        ),
        bool,
        True,
    ),
    "dry_run": (
        CommandOption("--dry-run", help="Check all jobs and write nothing.", group=_GROUP),
        bool,
        False,
    ),
}


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=sectioned(*_COMMON),
        short_help="Write the series of a whole dataset: a job for each.",
        epilog=examples(
            "dicomseries batch jobs.jsonl --kind mr --uid content",
            "dicomseries batch jobs.csv --resume",
            "dicomseries batch --bids dataset/ dicom/ --uid content",
            "dicomseries batch jobs.batch/failed.jsonl",
            "dicomseries batch jobs.csv --dask tcp://host:8786",
        ),
    )(batch)


def _options() -> Mapping[str, Option]:
    return {name: option for name, option in command_options().items() if name not in _NOT_FOR_ALL}


def _signature() -> inspect.Signature:
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=click.Context)
    jobs = parameter(
        "jobs",
        CommandArgument(
            metavar="JOBS",
            help="File of jobs: .jsonl with an object in each line, or .csv with a row for each. A"
            " job has source, out, study, and options of write. With --bids: the folder to write"
            " to.",
        ),
        str,
    )
    own = [parameter(name, *declaration) for name, declaration in _OWN.items()]
    help_all = inspect.Parameter(
        "help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll
    )
    return inspect.Signature([context, jobs, *own, *parameters(_options()), help_all])


def batch(*, context: click.Context, jobs: str, **words: Any) -> int:
    """Write the series of a whole dataset, each verified as by the command write.

    All jobs are checked before the first is written. A job that fails does not stop the others:
    it is listed in failed.jsonl, the report has the reason, and the exit code is 4. An option of
    write on the command line holds for every job that does not state it.
    """
    import dicomseries as dcs
    from dicomseries.executors import connected

    output: Output = context.obj
    options = _arguments(words)
    address = options.pop("executor", None)
    return_freed_memory()
    with connected(address) as client, progress_bar(output) as progress:
        report = dcs.batch(
            jobs if words["bids"] is None else None,
            bids=words["bids"],
            out=None if words["bids"] is None else jobs,
            records=words["records"],
            namespace=words["namespace"] or "",
            resume=words["resume"],
            keep_going=words["keep_going"],
            dry_run=words["dry_run"],
            progress=progress,
            executor=client,
            **options,
        )
    output.result(_text(report), _spelled(report))
    return int(Exit.FAILED if report.failed else Exit.DONE)


# The parameters of the command are made from its signature; it is called by keyword.
batch.__dict__["__signature__"] = _signature()


def _arguments(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of `write` for all jobs."""
    shared = _options()
    arguments = arguments_of({name: words.get(name) for name in shared})
    model = model_of(words)
    if model:
        arguments["model"] = model
    settings, left_out = words["settings"] or (), words["leave_out"] or ()
    if settings or left_out:
        arguments["metadata"] = metadata_of(words["metadata"], settings, left_out)
    return arguments


def _text(report: BatchReport) -> str:
    return "\n".join(map(on_command_line, report.lines()))


def _spelled(report: BatchReport) -> dict[str, Any]:
    """Return the record of a report, options as on the command line."""
    record = report.to_dict()
    for failure in (*record["failures"], *record["planned"]):
        failure["reason"] = on_command_line(failure["reason"])
    return record
