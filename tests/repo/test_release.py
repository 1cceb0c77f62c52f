"""What a release says of itself is the same in every file, and builds the same bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from dicomseries.plan import SOFTWARE_VERSION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = PROJECT["urls"]["Homepage"]
OWNER = HOME.rpartition("/")[0]
PYTHONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def yaml_of(name: str):
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(text_of(name))


def root_files() -> list[str]:
    """Return the files that describe the project, without code and documents."""
    folders = (".github", "recipe")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    return sorted(path.relative_to(ROOT).as_posix() for path in files)


def test_every_address_of_the_project_is_below_its_home():
    assert all(url == HOME or url.startswith(HOME + "/") for url in PROJECT["urls"].values())
    named = [
        (name, address)
        for name in [*root_files(), *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
        for address in re.findall(
            rf"{re.escape(OWNER)}/[\w-]+|(?<!/)\bdicomseries\.[a-z]+\.io", text_of(name)
        )
    ]
    assert {address for _, address in named} == {HOME}
    assert len(named) > 10


def test_no_file_gives_an_address_for_mail():
    address = re.compile(r"[\w.+-]+@[\w-]+\.(?:com|org|net|io|dev)\b")
    assert [name for name in root_files() if address.search(text_of(name))] == []


def test_the_version_is_the_same_everywhere():
    cited = yaml_of("CITATION.cff")
    release = re.search(r"^## \[(\d+\.\d+\.\d+)\] - (\S+)$", text_of("CHANGELOG.md"), re.MULTILINE)
    versions = {
        "CHANGELOG.md": release[1],
        "CITATION.cff": cited["version"],
        "recipe": yaml_of("recipe/recipe.yaml")["context"]["version"],
        "SoftwareVersions": SOFTWARE_VERSION,
    }
    assert versions == dict.fromkeys(versions, PROJECT["version"])
    assert release[2] == cited["date-released"]


def test_what_is_not_released_stands_above_the_releases():
    titles = re.findall(r"^## \[(.+?)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    assert titles[:2] == ["Unreleased", PROJECT["version"]]


def test_the_oldest_python_of_the_classifiers_is_the_one_required():
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert yaml_of("recipe/recipe.yaml")["context"]["python_min"] == PYTHONS[0]


@pytest.mark.parametrize("job", ["core", "quick"])
def test_every_python_and_system_is_tested(job):
    matrix = yaml_of(".github/workflows/tests.yml")["jobs"][job]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    assert {system.partition("-")[0] for system in matrix["system"]} == {
        "ubuntu",
        "macos",
        "windows",
    }


def test_every_make_target_of_the_workflow_exists():
    named = re.findall(r"run: (?:sudo )?make (\w+)", text_of(".github/workflows/tests.yml"))
    assert {"audit", "demo", "dist", "docs", "sbom", "test"} <= set(named)
    targets = re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE)
    assert set(named) - set(targets) == set()


def test_every_action_is_pinned_by_a_tag():
    actions = re.findall(r"uses: (\S+)", text_of(".github/workflows/tests.yml"))
    assert actions
    assert [action for action in actions if not re.search(r"@v\d", action)] == []


def test_the_quick_tests_of_the_workflow_are_those_of_make():
    chosen = re.compile(r'-m "(not browser[^"]*)"')
    of_make, of_workflow = (
        set(chosen.findall(text_of(name))) for name in ("Makefile", ".github/workflows/tests.yml")
    )
    assert of_make == of_workflow
    assert len(of_make) == 1


def test_the_recipe_asks_for_what_the_package_asks_for():
    requirements = yaml_of("recipe/recipe.yaml")["requirements"]
    of_package = [re.sub(r"\s*(>=)", r" \1", entry) for entry in PROJECT["dependencies"]]
    assert requirements["run"][1:] == of_package
    build = tomllib.loads(text_of("pyproject.toml"))["build-system"]["requires"]
    assert set(requirements["host"]) >= {entry.replace(">=", " >=") for entry in build}


def test_a_bug_report_asks_for_doctor_and_for_no_data_of_patients():
    fields = yaml_of(".github/ISSUE_TEMPLATE/bug_report.yml")["body"]
    required = {field.get("id") for field in fields if field.get("validations", {}).get("required")}
    assert {"steps", "result", "doctor"} <= required
    assert "Never attach data of a patient" in fields[0]["attributes"]["value"]


def test_the_image_runs_the_command_line_without_root():
    lines = text_of("Containerfile").splitlines()
    assert "USER 1000" in lines
    assert 'ENTRYPOINT ["dicomseries"]' in lines
    chosen = re.search(r"^ARG EXTRAS=(\S+)$", text_of("Containerfile"), re.MULTILINE)[1]
    assert set(chosen.split(",")) <= PROJECT["optional-dependencies"].keys()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--" not in line]
    assert [name for names in copied for name in names if not (ROOT / name).exists()] == []


def test_the_tools_of_a_release_are_pinned():
    entries = [line for line in text_of("tools/release_tools.txt").splitlines() if line[:1] != "#"]
    assert [entry for entry in entries if not re.fullmatch(r"[\w-]+==[\w.]+", entry)] == []
    builder = next(entry for entry in entries if entry.startswith("hatchling"))
    assert builder in text_of("constraints.txt").splitlines()


@pytest.mark.slow
def test_two_builds_of_two_copies_have_the_same_bytes(tmp_path):
    pytest.importorskip("hatchling", reason="run `make dist`, which builds with it too")
    first = built(tmp_path / "first", umask=0o022, moment=1_000_000_000)
    second = built(tmp_path / "second" / "elsewhere", umask=0o077, moment=1_700_000_000)
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]

    wheel, archive = first
    with zipfile.ZipFile(wheel) as content:
        in_wheel = content.namelist()
    modules = [path for path in (ROOT / "src").rglob("*") if path.is_file()]
    expected = {
        path.relative_to(ROOT / "src").as_posix()
        for path in modules
        if "__pycache__" not in path.parts
    }
    assert {name for name in in_wheel if ".dist-info/" not in name} == expected
    assert "dicomseries/py.typed" in in_wheel
    assert f"dicomseries-{PROJECT['version']}.dist-info/licenses/LICENSE" in in_wheel
    with tarfile.open(archive) as content:
        in_archive = {name.partition("/")[2] for name in content.getnames()}
    assert names_of_files() - in_archive == set()


def built(folder: Path, *, umask: int, moment: int) -> list[Path]:
    """Build in a copy of the project, with other times and permissions of its files."""
    before = os.umask(umask)
    try:
        for name in sorted(names_of_files()):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
            os.utime(target, (moment, moment))
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build"],
            cwd=folder,
            check=True,
            capture_output=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        )
    finally:
        os.umask(before)
    return sorted((folder / "dist").iterdir())


def names_of_files() -> set[str]:
    """Return the files of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git repository: an unpacked source archive")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
