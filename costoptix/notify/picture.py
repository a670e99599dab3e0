"""A chart as a picture: our own drawing, with words around it, as a PNG of one fixed size.

It is drawn in a child process: what draws it ends its process, without an exception, where it
fails. It knows neither CSS variables nor ``light-dark()``, so that the colours of ``app.css`` are
written out; text of others stands in it only escaped.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date
from functools import cache
from html import escape
from pathlib import Path

from pydantic import BaseModel

from costoptix import bounded
from costoptix.charts import OTHERS_COLOUR, Band, Bucket, StackedChart
from costoptix.failures import reason
from costoptix.money import Amount, exact
from costoptix.notify.messages.text import fitted

WIDTH, HEIGHT = 1200, 520
LEFT, TOP, CHART_WIDTH, CHART_HEIGHT = 100, 20, 1080, 380
SECONDS = 15.0

MOST_DAYS, MOST_BANDS = 31, 10
LEGEND_COLUMNS, LEGEND_CHARACTERS = 5, 18
LABELS = 8

_FOLDER = Path(__file__).resolve().parent
_FONT = _FOLDER / "fonts" / "inter.ttf"
_STYLE_SHEET = _FOLDER.parents[1] / "static" / "css" / "app.css"
_COLOUR = re.compile(r"--(s\d|line|text|muted): light-dark\((#[0-9a-f]{3,6}),")


class ChartBand(BaseModel):
    """A service, and what it cost on each day; None where it has no charges."""

    name: str | None
    amounts: list[str | None]


class ChartData(BaseModel):
    """The chart of a report, as its event holds it."""

    currency: str
    days: list[date]
    bands: list[ChartBand]


def png(data: object) -> bytes | None:
    """Return a chart as a PNG; None where there is none, or it cannot be drawn: mail goes without.

    ``data`` is that of a ``ChartData``.
    """
    if data is None:
        return None
    try:
        request = ChartData.model_validate(data).model_dump_json()
        return bounded.ask(__name__, request, b64decode, seconds=SECONDS)
    except (ValueError, bounded.ChildDied) as error:
        reason(error, "the chart of a report")
        return None


def main() -> None:
    """Draw the chart that standard input describes."""
    import resvg_py

    drawing = svg(ChartData.model_validate_json(bounded.begin()))
    picture = resvg_py.svg_to_bytes(
        svg_string=drawing, width=WIDTH, height=HEIGHT, skip_system_fonts=True,
        font_files=[str(_FONT)], font_family="Inter", sans_serif_family="Inter",
    )  # fmt: skip
    bounded.say(b64encode(picture).decode())


def svg(data: ChartData) -> str:
    """Draw the bars, and write days, amounts and services around them."""
    chart = _chart(data)
    size = f'x="{LEFT}" y="{TOP}" width="{CHART_WIDTH}" height="{CHART_HEIGHT}"'
    bars = str(chart.svg).replace("<svg ", f"<svg {size} ", 1)
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}"><style>{_style()}</style>'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            bars,
            *_amounts(chart),
            *_days(data.days),
            *_legend(chart),
            "</svg>",
        )
    )


def _chart(data: ChartData) -> StackedChart:
    bands = data.bands[:MOST_BANDS]
    return StackedChart(
        data.currency,
        tuple(Bucket(str(day), str(day)) for day in data.days[:MOST_DAYS]),
        tuple(
            Band(
                _name(band),
                tuple(map(_amount, band.amounts[:MOST_DAYS])),
                min(rank, OTHERS_COLOUR),
            )
            for rank, band in enumerate(bands)
        ),
    )


def _amount(text: str | None) -> Amount | None:
    return None if text is None else exact(text)


def _name(band: ChartBand) -> str:
    return band.name or "Others"


@cache
def _style() -> str:
    """Return the colours that ``app.css`` has for light ground, written out."""
    colours = dict(_COLOUR.findall(_STYLE_SHEET.read_text()))
    series = "".join(f".s{n}{{fill:{colours[f's{n}']}}}" for n in range(OTHERS_COLOUR + 1))
    # A line lies level and is stretched with the drawing: its width is in the drawing's units.
    return (
        f"text{{font:18px Inter;fill:{colours['muted']}}}{series}"
        f".line{{stroke:{colours['line']};stroke-width:3}}.zero{{stroke:{colours['text']}}}"
        ".cursor,.gap{fill:none}"
    )


def _amounts(chart: StackedChart) -> Iterator[str]:
    for tick, label in zip(chart.axis.ticks, chart.tick_labels, strict=True):
        y = TOP + chart.axis.y(tick) * CHART_HEIGHT / 1000 + 6
        yield _text(LEFT - 12, y, label, "end")


def _days(days: list[date]) -> Iterator[str]:
    step = -(-len(days) // LABELS)
    for number in range(0, len(days), step):
        x = LEFT + (number + 0.4) * CHART_WIDTH / len(days)
        yield _text(x, TOP + CHART_HEIGHT + 28, f"{days[number].day} {days[number]:%b}", "middle")


def _legend(chart: StackedChart) -> Iterator[str]:
    for number, band in enumerate(chart.bands):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = LEFT + column * CHART_WIDTH / LEGEND_COLUMNS, TOP + CHART_HEIGHT + 50 + row * 30
        yield f'<rect class="s{band.colour}" x="{x:g}" y="{y}" width="14" height="14" rx="3"/>'
        yield _text(x + 20, y + 13, fitted(band.name, LEGEND_CHARACTERS), "start")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


if __name__ == "__main__":
    main()
