"""The page of `view` as a file: keys, touch, both colour schemes, no network."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.api.view import look
from judges.browser import BUILT
from judges.devtools import opened_tab
from judges.presence import absent
from judges.quick_look import ALL_SEEN

SHAPE = (7, 9, 11)
INDEX = """JSON.parse([...document.querySelectorAll(".position dt")]
    .find((one) => one.textContent === "Array index").nextElementSibling.textContent)"""


@pytest.fixture(scope="module")
def array():
    return np.random.default_rng(6).permutation(7 * 9 * 11).reshape(SHAPE).astype("int16") - 300


@pytest.fixture(scope="module")
def page(array, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    about = {"PatientName": "Doe^Jane", "PatientID": "42"}
    dcs.write(array, folder / "ct", kind="CT", spacing=(1.5, 2.5, 4), metadata=about)
    file = folder / "a page #1.html"
    file.write_text(look(folder / "ct").html(), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser():
    with opened_tab() as found:
        yield found


@pytest.fixture
def tab(browser, page):
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)
    browser.call("Emulation.setEmulatedMedia", features=[])
    browser.call("Network.enable")
    browser.events.clear()
    browser.opens(page.as_uri())
    browser.until(ALL_SEEN)
    return browser


def key(tab, name, **more):
    for kind in ("rawKeyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key=name, **more)


def touch(tab, *moves):
    """Touch, move and lift; each move has a point for each finger."""
    for at, points in enumerate(moves):
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        tab.call(
            "Input.dispatchTouchEvent",
            type="touchMove" if at else "touchStart",
            touchPoints=fingers,
        )
    tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


def value_shown(tab, index):
    wanted = json.dumps([*index, 0])
    one = "document.querySelector('.value').dataset"
    tab.until(
        f"{one}.voxel && JSON.stringify(JSON.parse({one}.voxel)) === JSON.stringify({wanted})"
    )
    return float(json.loads(tab.evaluate(f"{one}.value")))


def test_a_file_is_the_whole_page_and_asks_for_nothing(tab, page, array):
    assert value_shown(tab, (3, 4, 5)) == array[3, 4, 5]
    tab.until("document.querySelector('.attributes').textContent.includes('Doe^Jane')")
    tab.until("document.querySelector('.findings').textContent.includes('nothing wrong')")
    asked = [
        one["params"]["request"]["url"]
        for one in tab.events
        if one["method"] == "Network.requestWillBeSent"
    ]
    assert {url for url in asked if not url.startswith("data:")} == {page.as_uri()}


def test_the_policy_of_the_page_allows_no_requests(tab):
    tab.evaluate(
        "addEventListener('securitypolicyviolation', "
        "(event) => (window.refused = event.effectiveDirective)), 0"
    )
    assert (
        tab.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
        == "refused"
    )
    assert tab.until("window.refused") == "connect-src"


def test_every_part_is_reached_and_used_by_keys_alone(tab, array):
    reached = []
    for _ in range(40):
        key(tab, "Tab", code="Tab", windowsVirtualKeyCode=9)
        what = tab.evaluate(
            "document.activeElement.ariaLabel || document.activeElement.textContent"
        )
        if what in reached:
            break
        reached.append(what)
    for part in (
        "Axial slice",
        "Window centre",
        "Search the attributes",
        "Sagittal, slice 6 of 11",
    ):
        assert part in reached
    tab.evaluate("document.activeElement.blur(), 0")
    key(tab, "ArrowDown", code="ArrowDown", windowsVirtualKeyCode=40)
    tab.until(f"{INDEX}[2] === 6")  # the keys go to the plane that had the focus last
    assert value_shown(tab, (3, 4, 6)) == array[3, 4, 6]


def test_presets_of_the_kind_are_chosen_by_key(tab):
    names = "[...document.querySelector('.display select').options].map((one) => one.value)"
    assert tab.evaluate(names) == [
        "Header",
        "Soft tissue",
        "Lung",
        "Bone",
        "Brain",
        "Values",
        "Own",
    ]
    key(tab, "w", code="KeyW", text="w", windowsVirtualKeyCode=87)
    tab.until("document.querySelector('.display select').value === 'Soft tissue'")
    assert tab.evaluate("document.querySelector('[aria-label=\"Window width\"]').value") == "400"


def test_one_finger_moves_the_cross_and_two_scroll(tab, array):
    tab.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    box = tab.evaluate(
        "document.querySelector('.pane[data-plane=Axial] canvas').getBoundingClientRect().toJSON()"
    )
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(tab, [(x, y)], [(x + 60, y + 40)], [(x + 140, y + 120)])
    tab.until(f"{INDEX}[1] > 4 && {INDEX}[2] > 5 && {INDEX}[0] === 3")
    index = tab.evaluate(INDEX)
    assert value_shown(tab, index) == array[tuple(index)]
    touch(
        tab, [(x, y), (x + 50, y)], [(x, y + 6), (x + 50, y + 6)], [(x, y + 13), (x + 50, y + 13)]
    )
    tab.until(f"{INDEX}[0] === 5")
    assert tab.evaluate("window.scrollY + window.visualViewport.scale") == 1, (
        "the page itself stays where it is"
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_page_is_as_dark_as_the_system_and_has_no_barrier(tab, scheme):
    tab.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    assert tab.until(f"document.documentElement.dataset.theme === '{scheme}'")
    lightness = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    assert (tab.evaluate(lightness) > 127) == (scheme == "light")
    if not (BUILT / "dist" / "axe.min.js").is_file():
        absent("axe-core", "run `make viewers`")
    tab.evaluate((BUILT / "dist" / "axe.min.js").read_text(encoding="utf-8") + "; 0")
    assert (
        tab.evaluate(
            "axe.run().then(({ violations }) => violations.map(({ id, help }) => `${id}: ${help}`))"
        )
        == []
    )
