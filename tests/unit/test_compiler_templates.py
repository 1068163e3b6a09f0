"""Template folders of one's own: what they may do, and how their mistakes are told."""

import shutil
from pathlib import Path

import pytest
import yaml

from newsletter.compiler import compile_issue
from newsletter.edition import CompiledIssue, Links, cut_edition
from newsletter.errors import TemplateError
from newsletter.issue import AnyIssue
from newsletter.tags import vocabulary_of
from tests.builders import a_brief, a_masthead, an_imprint, an_update

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    for name in ("partials", "daily-brief", "team-update"):
        shutil.copytree(TEMPLATES / name, tmp_path / name)
    return tmp_path


def compiled(templates: Path, issue: AnyIssue | None = None, *, template: str | None = None) -> CompiledIssue:
    return compile_issue(
        issue or a_brief(),
        masthead=a_masthead(template=template),
        imprint=an_imprint(),
        templates=templates,
        vocabulary=vocabulary_of([]),
        links=Links.WEB,
    )


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def complaint(templates: Path, issue: AnyIssue | None = None, *, template: str | None = None) -> str:
    with pytest.raises(TemplateError) as caught:
        compiled(templates, issue, template=template)
    return str(caught.value)


def test_a_newsletter_can_have_a_template_folder_of_its_own(templates: Path) -> None:
    shutil.copytree(templates / "daily-brief", templates / "harbour")
    with (templates / "harbour" / "theme.yaml").open("a", encoding="utf-8") as theme:
        theme.write(
            'colours: {light: {accent: "#7a1f1f"}}\n'
            "logo: {src: 'https://example.com/logo.png', alt: 'Harbour \"Advisers\"', width: 120}\n"
        )

    made = cut_edition(compiled(templates, template="harbour"), [])

    assert "#7a1f1f" in made.html
    assert "alt='Harbour \"Advisers\"'" in made.html


def test_a_changed_template_changes_the_source(templates: Path) -> None:
    before = compiled(templates).source
    change(templates / "partials" / "foot.mjml", "8px", "9px")

    assert compiled(templates).source != before


CUT = "a section is cut in the middle of a tag"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("layout.mjml", "{{ date }}", "{{ dat }}", "daily-brief/layout.mjml:26: 'dat' is undefined"),
        ("layout.mjml", "{{ date }}", "{{ date }", "daily-brief/layout.mjml:26: unexpected '}'"),
        ("text.txt", "{{ greeting }}", "{{ greeting.__class__.mro() }}", "daily-brief/text.txt:6: "),
        ("text.txt", "{{ greeting }}", "{{ 1 // 0 }}", "daily-brief/text.txt:6: integer division"),
        ("layout.mjml", "{{ story.headline }}", "{{ story.headline | upper }}", "a filter alters what an author wrote"),
        ("layout.mjml", "<mj-raw>{{ story.cut }}</mj-raw>", "", "a story's number stands outside its cut"),
        ("layout.mjml", "{{ section.cut }}</mj-raw>\n        <mj-text>", "</mj-raw><mj-text>{{ section.cut }}", CUT),
        ("text.txt", "{{ story.cut }}", "", "daily-brief/text.txt: does not mark the story"),
        (
            "layout.mjml",
            "partials/foot.mjml",
            "../secret",
            "daily-brief/layout.mjml:88: includes ../secret, which lies outside",
        ),
        ("theme.yaml", "contents: In this issue", "contents: [x]", "daily-brief/theme.yaml:5:5: labels.en.contents"),
        ("theme.yaml", "  en:\n    preheader", "  en:\n    forecast", "labels.en.preheader: is missing"),
    ],
)
def test_a_mistake_is_told_with_its_place(templates: Path, file: str, old: str, new: str, said: str) -> None:
    change(templates / "daily-brief" / file, old, new)

    assert said in complaint(templates)


def test_a_mistake_in_a_part_is_told_at_the_part(templates: Path) -> None:
    change(templates / "partials" / "foot.txt", "{{ postal_address | paragraph }}", "{{ postal }}")

    assert complaint(templates).startswith("partials/foot.txt:4: 'postal' is undefined")


def test_a_short_colour_and_a_quoted_font_are_refused(templates: Path) -> None:
    change(templates / "partials" / "theme.yaml", '"#f3f1ec"', '"#eee"')
    change(templates / "partials" / "theme.yaml", "text: Segoe UI,", "text: \"'Segoe UI'\" #")

    said = complaint(templates)

    assert "colours.light.page" in said
    assert "fonts.en.text" in said


def test_a_folder_or_file_that_is_not_there_is_named(templates: Path) -> None:
    assert complaint(templates, template="nowhere").startswith("nowhere: there is no such template folder")
    (templates / "daily-brief" / "text.txt").unlink()
    assert complaint(templates).startswith("daily-brief/text.txt: is missing")


def test_a_link_out_of_the_folder_is_refused(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    (templates / "partials" / "more.txt").symlink_to(secret)

    assert complaint(templates).startswith("partials/more.txt: leads out of the template folder")


def test_a_file_that_is_not_text_is_named(templates: Path) -> None:
    (templates / "partials" / "foot.txt").write_bytes(b"\xff\xfe\x00")

    assert complaint(templates).startswith("partials/foot.txt: cannot be read")


@pytest.mark.parametrize("kind", ["daily-brief", "team-update"])
def test_both_languages_have_the_same_labels(kind: str) -> None:
    for path in (TEMPLATES / "partials" / "theme.yaml", TEMPLATES / kind / "theme.yaml"):
        labels = yaml.safe_load(path.read_text(encoding="utf-8"))["labels"]
        assert labels["en"].keys() == labels["zh-Hans"].keys()


def test_colours_keep_their_contrast_in_both_schemes() -> None:
    """WCAG 2.2, 1.4.3: at least 4.5:1."""
    colours = yaml.safe_load((TEMPLATES / "partials" / "theme.yaml").read_text(encoding="utf-8"))["colours"]
    for scheme in colours.values():
        for ink, paper in [(i, p) for i in ("ink", "muted", "accent") for p in ("page", "sheet", "tint")]:
            assert contrast(scheme[ink], scheme[paper]) >= 4.5, (ink, paper)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_update_is_one_piece_without_stories(templates: Path) -> None:
    made = compiled(templates, an_update())

    assert (made.stories, made.min_stories) == ((), 0)
    assert len(made.html) == len(made.text) == 1
