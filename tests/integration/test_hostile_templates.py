"""Templates that are broken, or meant to harm: one clear line, soon, in little memory; and we live on."""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = 600 << 20
#: of processor time, for everything that one check does
SECONDS = 5
LAYOUT = "templates/daily-brief/layout.mjml"
TEXT = "templates/daily-brief/text.txt"
NESTED = "".join(f"{'{% if 1 %}' * 25}" for _ in range(400))

#: file, what is put at the end of its body, where the complaint points to, what it says
HOSTILE = [
    (LAYOUT, "{% if %}", "daily-brief/layout.mjml:LINE: ", "Expected an expression"),
    (LAYOUT, "{{ 1 + }}", "daily-brief/layout.mjml:LINE: ", "unexpected"),
    (
        LAYOUT,
        '{% include "partials/missing.mjml" %}',
        "daily-brief/layout.mjml:LINE: ",
        "missing.mjml, which is not there",
    ),
    (LAYOUT, '{% include "../../../etc/passwd" %}', "daily-brief/layout.mjml:LINE: ", "lies outside of the template"),
    (LAYOUT, '{% include "/etc/passwd" %}', "daily-brief/layout.mjml:LINE: ", "lies outside of the template folder"),
    (LAYOUT, '{% include "daily-brief/layout.mjml" %}', "daily-brief/layout.mjml", "; make the template simpler"),
    (LAYOUT, "<mj-wrapper>" * 10_000, "daily-brief/layout.mjml:LINE: ", "cannot stand directly in <mj-column>"),
    (
        LAYOUT,
        "<mj-text>" + "<div>" * 10_000 + "</div>" * 10_000 + "</mj-text>",
        "layout.mjml:LINE: ",
        "nest deeper than 60",
    ),
    (LAYOUT, NESTED, "daily-brief/layout.mjml", "; "),
    (LAYOUT, "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}", "daily-brief/layout.mjml", "; "),
    (LAYOUT, "{{ 9**99999999 }}", "daily-brief/layout.mjml:LINE: ", "the operator ** cannot be used"),
    (LAYOUT, "{{ 'x' * 99999999999 }}", "daily-brief/layout.mjml:LINE: ", "the operator * cannot be used"),
    (LAYOUT, "{{ '%99999999999d' % 1 }}", "daily-brief/layout.mjml:LINE: ", "the operator % cannot be used"),
    (LAYOUT, "{{ '{:99999999999}'.format(1) }}", "daily-brief/layout.mjml", "memory"),
    (LAYOUT, "{{ title | center(99999999999) }}", "daily-brief/layout.mjml", "memory"),
    (
        LAYOUT,
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "layout.mjml",
        "3 seconds",
    ),
    (LAYOUT, "{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}", "daily-brief/layout.mjml", "; "),
    (LAYOUT, "{{ lipsum() }}", "daily-brief/layout.mjml:LINE: ", "'lipsum' is undefined"),
    (LAYOUT, "{{ [1, 2] | random }}", "daily-brief/layout.mjml:LINE: ", "No filter named 'random'"),
    (LAYOUT, "{{ ''.__class__.__mro__ }}", "daily-brief/layout.mjml:LINE: ", "unsafe"),
    (LAYOUT, '<mj-text padding="0 1px">x</mj-text>', "daily-brief/layout.mjml:LINE: ", "has a 0 without a unit"),
    ("templates/partials/foot.mjml", "<mj-raw><p></mj-raw>", "partials/foot.mjml:LINE: ", "<p> is not closed"),
    (TEXT, "{{ nothing }}", "daily-brief/text.txt:LINE: ", "'nothing' is undefined"),
    (TEXT, "{{ 'x' * 9 ** 9 }}", "daily-brief/text.txt:LINE: ", "the operator ** cannot be used"),
]


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _checked(folder: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "check", str(ROOT / "docs/examples/china-ai-brief.md")],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        preexec_fn=_limited,
    )
    return done.returncode, [line for line in done.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return tmp_path


@pytest.mark.parametrize(("file", "put", "place", "said"), HOSTILE, ids=[put[:30] for _, put, _, _ in HOSTILE])
def test_a_hostile_template_ends_in_one_clear_line(workspace: Path, file: str, put: str, place: str, said: str) -> None:
    path = workspace / file
    text = path.read_text(encoding="utf-8")
    before, mark, after = text.rpartition("      </mj-column>")
    changed = f"{before}{put}\n{mark}{after}" if mark else f"{text}{put}\n"
    path.write_text(changed, encoding="utf-8")
    line = changed.count("\n", 0, changed.index(put)) + 1
    began = time.monotonic()

    code, errors = _checked(workspace)

    assert code == 1
    assert len(errors) == 1 or "<mj-wrapper>" in put, errors
    assert place.replace("LINE", str(line)) in errors[0]
    assert said in errors[0]
    assert "; " in errors[0]
    assert len(errors[0]) < 400
    assert time.monotonic() - began < 4 * SECONDS  # a hang; five seconds hold where nothing else runs


def test_a_folder_that_leads_out_of_the_templates_is_refused(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "partials"
    shutil.move(workspace / "templates/partials", elsewhere)
    (workspace / "templates/partials").symlink_to(elsewhere)

    code, errors = _checked(workspace)

    assert code == 1
    assert "partials: leads out of the template folder" in errors[0]


def test_a_template_file_may_not_be_huge(workspace: Path) -> None:
    (workspace / LAYOUT).write_text("x" * (300 << 10), encoding="utf-8")

    code, errors = _checked(workspace)

    assert code == 1
    assert "daily-brief/layout.mjml: is larger than 256 KiB" in errors[0]
