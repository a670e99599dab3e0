"""Every page, as people see it: wide and narrow, light and dark, with and without scripts.

The pages come from the application's own routes, so that a new one is looked at without asking:
with the demo's data, in an organization that has none, as a member, of things that there are not,
and on a tier that does not hold it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import looking
from tests.e2e.page_checks import WIDTHS, Watch, faults_of_access, faults_of_layout, objections
from tests.e2e.places import ELSEWHERE, Places
from tests.support.cast import PASSWORD
from tests.support.demo import Demo, sign_in

# Not ``a.href``: that of a link within a chart is no text.
HREFS = "links => links.map(a => new URL(a.getAttribute('href'), document.baseURI).href)"


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The routes of the application."""
    return Places(tmp_path_factory.mktemp("routes"))


@pytest.fixture(scope="session")
def details(
    demo: Demo, signed_in: dict[str, Any], browser: Browser, places: Places
) -> dict[str, str]:
    """Return where a page of a thing is that the demo has, by endpoint: the first linked to."""
    with looking(browser, signed_in, width=1440) as context:
        page = context.new_page()
        found = _made(page, demo)
        home = urlsplit(demo.server.url).netloc
        waiting = [*places.plain, *found.values()]
        for path in waiting:
            page.goto(demo.server.url + path)
            for target in map(urlsplit, page.eval_on_selector_all("a[href]", HREFS)):
                endpoint = places.endpoint(target.path) if target.netloc == home else ""
                if endpoint in places.of_things and endpoint not in found:
                    found[endpoint] = target.path
                    waiting.append(target.path)
        return found


def _made(page: Page, demo: Demo) -> dict[str, str]:
    """Make what the demo's admin may not have yet; return where pages without a link are."""
    _post(page, demo, "/budgets", {"name": "All of Acme", "amount": "60000", "currency": "USD"})
    _post(page, demo, "/views", {"name": "By region", "question": "group_by=region_id"})
    imports = page.request.get(
        f"{demo.server.url}/api/v1/imports?limit=100", headers={"X-API-Key": demo.key}
    ).json()["data"]
    by_state = {row["state"]: f"/imports/{row['id']}" for row in imports}
    page.goto(f"{demo.server.url}/settings/team")
    page.locator("input[name=email]").fill("invited@acme.example")
    page.get_by_role("button", name="Create invitation link").click()
    link = page.locator("#invitation-link").text_content() or ""
    return {
        "web.invite": urlsplit(link).path,
        "web.confirm_making_current": f"{by_state['older']}/make-current",
        "web.confirm_withdrawal": f"{by_state['live']}/withdraw",
    }


def _post(page: Page, demo: Demo, path: str, body: dict[str, str]) -> None:
    made = page.request.post(
        f"{demo.server.url}/api/v1{path}", headers={"X-API-Key": demo.key}, data=body
    )
    assert made.status == 201


@pytest.fixture(scope="session")
def paths(places: Places, details: dict[str, str]) -> list[str]:
    """Every page without a variable in its path, and one of each kind that has one."""
    return places.plain + sorted(details.values())


def test_every_page_has_a_place(places: Places, details: dict[str, str]) -> None:
    assert places.of_things.keys() - details.keys() == ELSEWHERE.keys()


def test_every_page_is_sound(
    demo: Demo, signed_in: dict[str, Any], paths: list[str], browser: Browser
) -> None:
    """S16: no violation of the policy; no overflow; nothing that axe objects to."""
    wrong: list[str] = []
    with looking(browser, signed_in, width=1440) as context:
        for number, path in enumerate(paths):
            page = context.new_page()
            watch = Watch(page, demo.server.url)
            page.goto(demo.server.url + path)
            faults = faults_of_layout(page) + faults_of_access(page, number)
            wrong += [f"{path}: {text}" for text in faults + watch.wrong]
            page.close()
    assert not wrong, "\n".join(wrong)


def _wrong_at(
    demo: Demo, browser: Browser, state: dict[str, Any], paths: list[str], statuses: set[int]
) -> list[str]:
    """Return what is wrong with pages that answer with one of these statuses, but for axe."""
    wrong: list[str] = []
    with looking(browser, state, width=1440) as context:
        page = context.new_page()
        watch = Watch(page, demo.server.url)
        for path in paths:
            answer = page.goto(demo.server.url + path)
            assert answer is not None
            faults = faults_of_layout(page)
            if answer.status not in statuses:
                faults.append(f"answers {answer.status}")
            if answer.status >= 400 and not page.locator("nav[aria-label^=Main]").count():
                faults.append("has lost the navigation")
            wrong += [f"{path}: {text}" for text in faults + watch.wrong]
            watch.wrong.clear()
    return wrong


@pytest.fixture(scope="session")
def newcomer(demo: Demo, browser: Browser) -> dict[str, Any]:
    """The browser state of the admin of an organization without any bill."""
    made = demo.server.flask(
        "org", "create", "Fresh", "--tier", "enterprise",
        "--admin-email", "new@fresh.example", "--admin-password-stdin", stdin=PASSWORD,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return sign_in(browser, Demo(demo.server, "new@fresh.example", PASSWORD, ""))


def test_every_page_is_sound_without_data_and_on_a_tier_that_lacks_it(
    demo: Demo, newcomer: dict[str, Any], places: Places, browser: Browser
) -> None:
    wrong = _wrong_at(demo, browser, newcomer, places.plain, {200, 403})
    lowered = demo.server.flask("org", "set-tier", "Fresh", "starter")
    assert lowered.returncode == 0, lowered.stderr
    wrong += _wrong_at(demo, browser, newcomer, ["/portfolio", "/quarterly"], {403})
    wrong += _wrong_at(demo, browser, newcomer, ["/budgets/new", "/settings/team"], {200})
    assert not wrong, "\n".join(wrong)


def test_every_page_is_sound_for_a_member(
    demo: Demo, member: dict[str, Any], paths: list[str], browser: Browser
) -> None:
    wrong = _wrong_at(demo, browser, member, paths, {200, 403})
    assert not wrong, "\n".join(wrong)


def test_every_page_of_a_thing_that_is_missing_is_sound(
    demo: Demo, signed_in: dict[str, Any], places: Places, browser: Browser
) -> None:
    wrong = _wrong_at(demo, browser, signed_in, [*places.missing(), "/nowhere"], {404})
    assert not wrong, "\n".join(wrong)


def test_the_dialog_of_shortcuts_is_sound(
    demo: Demo, signed_in: dict[str, Any], browser: Browser
) -> None:
    with looking(browser, signed_in, width=390) as context:
        page = context.new_page()
        page.goto(f"{demo.server.url}/settings")
        page.keyboard.press("?")
        page.locator("#shortcuts").wait_for()
        assert objections(page) == []


def test_every_page_says_the_same_without_scripts(
    demo: Demo, signed_in: dict[str, Any], paths: list[str], browser: Browser
) -> None:
    with looking(browser, signed_in, width=1440, scripts=False) as context:
        page = context.new_page()
        for path in paths:
            answer = page.goto(demo.server.url + path)
            assert answer is not None
            assert answer.status in (200, 403), path
            assert page.locator("h1").count() == 1, path


MIDDLES = """chart => {
  const middle = box => box.top + box.height / 2;
  const boxes = name => [...chart.querySelectorAll(name)].map(one => one.getBoundingClientRect());
  return [boxes('.ylab span').map(middle), boxes('.area .line').map(middle)];
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_each_label_of_a_chart_stands_at_its_line(
    demo: Demo, signed_in: dict[str, Any], browser: Browser, width: int
) -> None:
    with looking(browser, signed_in, width=width) as context:
        page = context.new_page()
        page.goto(demo.server.url)
        for labels, lines in page.eval_on_selector_all(
            "figure[data-chart]", f"charts => charts.map({MIDDLES})"
        ):
            assert len(labels) == len(lines) > 1
            assert labels == pytest.approx(lines, abs=1.5)
