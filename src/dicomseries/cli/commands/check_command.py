"""``dicomseries check``: faults of a series, with remedies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.exit_codes import CommandLineError, Exit
from dicomseries.cli.help_sections import Sectioned, examples
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.parse_arguments import arguments_of
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import shown, storage_options_of
from dicomseries.cli.terminal import is_terminal, printable
from dicomseries.errors import counted

__all__ = ["check", "register"]


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        cls=Sectioned,
        short_help="What is wrong with a series, and why.",
        epilog=examples(
            "dicomseries check out/",
            "dicomseries check out/ --against volume.npy --spacing 0.7 0.7 2.5",
            "dicomseries check --explain GEO-001",
        ),
    )(check)


def check(
    context: click.Context,
    series: Annotated[
        str | None, CommandArgument(metavar="SERIES", help="Folder or URL of the series.")
    ] = None,
    *,
    uid: shared_options.Series = None,
    against: Annotated[
        str | None,
        CommandOption(metavar="INPUT", help="Compare values and geometry with this input."),
    ] = None,
    spacing: shared_options.Spacing = None,
    origin: shared_options.Origin = None,
    direction: shared_options.Direction = None,
    affine: shared_options.Affine = None,
    space: shared_options.Space = None,
    axes: shared_options.Axes = None,
    time_point: shared_options.TimePoint = None,
    max_error: Annotated[
        float | None,
        CommandOption(
            metavar="E",
            help="Largest error allowed beside INPUT.  [default: 0, or half a step of the slope]",
        ),
    ] = None,
    nan: Annotated[
        float | None, CommandOption(metavar="VALUE", help="Value of --nan when it was written.")
    ] = None,
    clip: Annotated[
        tuple[float, float] | None,
        CommandOption(metavar="LO HI", help="Range of --clip when it was written."),
    ] = None,
    no_validators: Annotated[
        bool, CommandOption("--no-validators", help="Do not run dciodvfy and dcentvfy.")
    ] = False,
    explain: Annotated[
        str | None, CommandOption(metavar="ID", help="Explain one check, e.g. GEO-001.")
    ] = None,
    list_checks: Annotated[bool, CommandOption("--list", help="List all checks.")] = False,
    storage_options: shared_options.StorageOptions = None,
) -> int:
    """Check modules, texts, geometry and consistency of a series; with dicom3tools, its validators.

    Exit code 1 if there are errors. The geometry options describe an INPUT that states none.
    """
    output: Output = context.obj
    if explain is not None:
        return _explain(explain, output)
    if list_checks:
        return _list(output)
    if series is None:
        raise _no_series_named()
    geometry = arguments_of(
        {
            "spacing": spacing,
            "origin": origin,
            "direction": direction,
            "affine": affine,
            "space": space,
            "axes": axes,
            "time_point": time_point,
        }
    )
    import dicomseries as dcs

    access = storage_options_of(storage_options)
    # Without geometry options the geometry that the input states is compared as well.
    expected: Any = against
    if against is not None and geometry:
        expected = dcs.open_volume(against, **geometry, storage_options=access)
    with progress_bar(output) as progress:
        findings = dcs.check(
            series,
            series=uid,
            against=expected,
            max_error=max_error,
            nan=nan,
            clip=clip,
            validators=not no_validators,
            progress=progress,
            storage_options=access,
        )
    return _report(shown(series), findings, output)


def _report(series: str, findings: Any, output: Output) -> int:
    errors, warnings = len(findings.errors), len(findings.warnings)
    record = {
        "series": series,
        "errors": errors,
        "warnings": warnings,
        "findings": list(map(_record, findings)),
        "checked": list(findings.checked),
        "not_checked": list(findings.not_checked),
    }
    groups = _by_message(findings)
    if groups and is_terminal():
        lines = [_findings_table(groups)]
    else:
        lines = list(map(_text, groups))
    lines.append(f"{series}: {counted(errors, 'error')}, {counted(warnings, 'warning')}")
    lines.append(f"checked: {'; '.join(findings.checked)}")
    if findings.not_checked:
        lines.append(f"not checked: {printable('; '.join(findings.not_checked))}")
    output.answer("\n".join(lines), record)
    return int(Exit.FINDINGS if errors else Exit.DONE)


def _record(finding: Any) -> dict[str, Any]:
    names = ("id", "level", "part", "where", "message", "remedy")
    return {name: getattr(finding, name) for name in names}


def _by_message(findings: Sequence[Any]) -> list[list[Any]]:
    """Return findings grouped by check and message."""
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.level, finding.message), []).append(finding)
    return list(groups.values())


def _findings_table(groups: Sequence[Sequence[Any]]) -> str:
    rows = []
    for group in groups:
        first = group[0]
        text = f"{first.message}\n{on_command_line(first.remedy)}"
        rows.append((first.level, first.id, _where(group), text))
    return table(("level", "check", "where", "what is wrong, and how to fix it"), rows) + "\n"


def _where(group: Sequence[Any]) -> str:
    first = str(group[0].where)
    return first if len(group) == 1 else f"{first} and {len(group) - 1} more"


def _text(group: Sequence[Any]) -> str:
    first = group[0]
    head = f"{first.level} {first.id} ({first.part}) {_where(group)}"
    return "\n  ".join(map(printable, (head, first.message, on_command_line(first.remedy))))


def _explain(name: str, output: Output) -> int:
    import dicomseries as dcs

    text = dcs.explain(name.upper())
    output.answer(text, {"id": name.upper(), "text": text})
    return int(Exit.DONE)


def _list(output: Output) -> int:
    from dicomseries import checks

    rows = []
    for check in checks.registered():
        summary = " ".join(checks.explain(check.id).strip().partition("\n\n")[0].split())
        rows.append({"id": check.id, "level": check.levels, "part": check.part, "summary": summary})
    columns = ("id", "level", "part", "what")
    output.answer(table(columns, [[*row.values()] for row in rows]), {"checks": rows})
    return int(Exit.DONE)


def _no_series_named() -> CommandLineError:
    return CommandLineError(
        code="usage",
        where="dicomseries check",
        given="no SERIES",
        expected="dicomseries check SERIES, or --list, or --explain ID",
        remedy="Name the folder of the series; see dicomseries check --help.",
    )
