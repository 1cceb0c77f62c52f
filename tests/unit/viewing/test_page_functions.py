"""Scripts of the page, tested by node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import dicomseries
from dicomseries.viewing.html_page import MODULES, program
from judges.presence import absent

TESTS = Path(__file__).parent / "page"
PAGE = Path(dicomseries.__file__).parent / "viewing" / "page"


def test_the_functions_of_the_page_pass_their_tests_in_node():
    node = shutil.which("node") or absent("node", "run `make debian` as root")
    command = [node, "--test", str(TESTS / "functions.test.mjs")]
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_script_is_in_the_page_after_its_imports():
    assert sorted(MODULES) == sorted(path.stem for path in PAGE.glob("*.js"))
    for at, name in enumerate(MODULES):
        text = (PAGE / f"{name}.js").read_text(encoding="utf-8")
        needed = [
            line.split('"./')[1].partition(".js")[0]
            for line in text.splitlines()
            if '} from "./' in line
        ]
        assert set(needed) <= set(MODULES[:at]), name
    assert "\nimport " not in program()
    assert "\nexport " not in program()


def test_every_script_is_short_enough_to_read():
    scripts = list(PAGE.iterdir())
    assert scripts
    for path in scripts:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 500
        assert max(map(len, lines)) <= 180, "not minified"
