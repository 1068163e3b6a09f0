"""
Make newsletter/checks/caniemail.json of the npm package's data, when there is a newer one:

    npm pack caniemail@2.0.2 && tar xzf caniemail-2.0.2.tgz
    .venv/bin/python -m tests.trim_caniemail package/data/caniemail.json

Kept is, for each feature, which mail programs do not support it in the last version that was tested.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from newsletter.checks.features import features_of
from newsletter.checks.markup import read_markup
from newsletter.mjml import html_of

#: every component that templates of ours use, and nothing of ours in them
SKELETON = """\
<mjml lang="en" dir="ltr"><mj-head><mj-title>T</mj-title><mj-style>.a { color: #000000; }</mj-style></mj-head>
<mj-body width="600px" background-color="#ffffff"><mj-wrapper><mj-section background-color="#ffffff"><mj-column>
<mj-text>T</mj-text><mj-divider /><mj-spacer height="9px" /><mj-button href="https://example.com">B</mj-button>
<mj-image src="https://example.com/a.png" alt="A" /></mj-column></mj-section></mj-wrapper></mj-body></mjml>
"""


def baseline() -> list[str]:
    made = html_of(SKELETON)
    assert isinstance(made, str)
    return sorted(features_of(read_markup(made)))


def trimmed(given: dict[str, Any]) -> dict[str, Any]:
    features = {}
    for one in sorted(given["data"], key=lambda one: str(one["slug"])):
        lacking = sorted(_lacking(one["stats"]))
        if lacking and one["category"] != "others":
            features[one["slug"]] = {"title": one["title"], "unsupported": lacking}
    return {
        "source": "https://www.caniemail.com, by way of the npm package caniemail 2.0.2; trimmed",
        "updated": given["last_update_date"][:10],
        "baseline": baseline(),
        "features": features,
    }


def _lacking(stats: dict[str, Any]) -> Iterator[str]:
    for family, platforms in stats.items():
        for platform, versions in platforms.items():
            if versions and str(list(versions.values())[-1]).split()[0] == "n":
                yield f"{family}/{platform}"


def _lines(made: dict[str, Any]) -> str:
    """A feature a line, so that an update can be read."""
    features = ",\n".join(f"  {_json(slug)}: {_json(one)}" for slug, one in made["features"].items())
    head = "".join(f" {_json(name)}: {_json(made[name])},\n" for name in ("source", "updated", "baseline"))
    return f'{{\n{head} "features": {{\n{features}\n }}\n}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    made = trimmed(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    target = Path(__file__).parents[1] / "newsletter" / "checks" / "caniemail.json"
    target.write_text(_lines(made), encoding="utf-8")
