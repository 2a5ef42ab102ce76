"""`devspm backtest --html`: a page that stands on its own."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main


class Page(HTMLParser):
    """Counts elements and gathers text and references."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in {"href", "src"} and value]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = CliRunner().invoke(main, ["backtest", "event-stream-2018", "--html", str(path)])
    assert path.exists(), done.output
    return Page(path.read_text(encoding="utf-8"))


def test_the_report_has_a_verdict_and_plots(page: Page) -> None:
    assert "1 of 1 attacks in reach detected" in page.text
    assert "event-stream-2018" in page.text
    assert page.tags.count("svg") == 3  # calibration; timeline and budget of the scenario
    assert page.tags.count("path") > 50


def test_the_report_refers_to_nothing_outside_of_it(page: Page) -> None:
    assert "script" not in page.tags
    assert all(reference.startswith("#") for reference in page.references)


def test_a_name_cannot_become_markup(tmp_path: Path) -> None:
    scenario = tmp_path / "own.jsonl"
    scenario.write_text(
        '{"scenario": {"name": "<script>x</script>", "description": "<b>"}, "identities": []}\n'
    )
    report = tmp_path / "own.html"
    CliRunner().invoke(main, ["backtest", str(scenario), "--html", str(report)])
    written = report.read_text(encoding="utf-8")
    assert not re.search(r"<script|<b>", written)
    assert "&lt;script&gt;" in written
