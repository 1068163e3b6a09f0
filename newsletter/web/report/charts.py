"""Charts as SVG within a page: without scripts, styles or ids of their own, so that the page decides on their looks."""

import sys
from collections.abc import Sequence
from typing import Any

import pygal
from markupsafe import Markup

from newsletter.report.moments import Moment

# It looks for maps at every import that comes after, in a way that Python has given up; we draw none.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_WIDTH, _BAR, _EDGE = 720, 34, 24
_HEIGHT = 260
_BEYOND = 1.12
#: no more names fit below the bars of a chart
_MOST_NAMES = 8
_LONGEST = 30
#: written by the library for its own script, or about itself
_DROPPED = ("style", "script", "title", "desc", "defs")
_COMMON: dict[str, Any] = {
    "js": [],
    "css": [],
    "no_prefix": True,
    "disable_xml_declaration": True,
    "print_values": True,
    "show_legend": False,
    "width": _WIDTH,
    "margin": 8,
    "value_formatter": lambda value: f"{value:,.0f}" if value else "",
}


def bars(said: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """
    One bar a row, the first on top.

    :param said: what the chart shows, for those who do not see it; the figures stand in a table beside it
    """
    if not rows:
        return Markup()
    most = max(number for _, number in rows)
    chart = pygal.HorizontalBar(
        **_COMMON,
        height=len(rows) * _BAR + _EDGE,
        show_x_labels=False,
        show_x_guides=False,
        print_values_position="top",
        margin_left=16,
        # so that a figure fits behind the longest bar
        range=(0, max(1, most) * _BEYOND),
    )
    chart.x_labels = [_cut(name) for name, _ in reversed(rows)]
    chart.add("", [number for _, number in reversed(rows)])
    return _drawn(chart, said)


def over_time(said: str, moments: Sequence[Moment]) -> Markup:
    """Three bars for each hour or day, side by side."""
    if not moments:
        return Markup()
    chart = pygal.Bar(**_COMMON | {"print_values": False}, height=_HEIGHT, show_minor_x_labels=False, truncate_label=-1)
    names = [f"{one.begins_at:%d %b %H:%M}" if one.is_hour else f"{one.begins_at:%d %b}" for one in moments]
    chart.x_labels = names
    chart.x_labels_major = names[:: -(-len(names) // _MOST_NAMES)]
    for series in ("accepted", "delivered", "bounced"):
        chart.add(series, [getattr(one, series) for one in moments])
    return _drawn(chart, said)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _drawn(chart: Any, said: str) -> Markup:
    chart.add_xml_filter(lambda root: _stripped(root, said))
    # What a person wrote is escaped by the library's XML writer.
    return Markup(chart.render())  # noqa: S704


def _stripped(root: Any, said: str) -> Any:
    for found in list(root.iter()):
        name = found.tag.rpartition("}")[2] if isinstance(found.tag, str) else ""
        if name in _DROPPED or not name or "tooltip" in (found.get("class") or "").split():
            found.getparent().remove(found)
        elif found.get("style"):
            del found.attrib["style"]
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", said)
    return root
