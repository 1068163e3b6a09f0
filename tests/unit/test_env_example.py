"""`.env.example` names every setting, explains it, and is itself a good `.env`."""

import re
from pathlib import Path

import pytest

from newsletter.settings import Settings, read_settings, setting_name

EXAMPLE = Path(__file__).parents[2] / ".env.example"
_SETTING = re.compile(r"(?P<optional># )?(?P<name>[A-Z][A-Z_]+)=(?P<value>.*)")
LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
SETTINGS = [(number, found) for number, line in enumerate(LINES) if (found := _SETTING.fullmatch(line))]


def test_every_setting_is_named_once_and_nothing_else() -> None:
    known = sorted(setting_name(field) for field in Settings.model_fields)
    assert sorted(found["name"] for _, found in SETTINGS) == known


@pytest.mark.parametrize(("number", "found"), SETTINGS, ids=[found["name"] for _, found in SETTINGS])
def test_an_explanation_stands_right_above_the_setting(number: int, found: re.Match[str]) -> None:
    above = LINES[number - 1]
    assert above.startswith("# ")
    assert not _SETTING.fullmatch(above)


def test_an_unedited_copy_sets_nothing() -> None:
    assert read_settings({}, EXAMPLE) == Settings()


def test_the_examples_are_good_settings(tmp_path: Path) -> None:
    filled = tmp_path / ".env"
    filled.write_text("\n".join(line.removeprefix("# ") for line in LINES if _SETTING.fullmatch(line)))
    found = read_settings({}, filled)
    assert found.rate == pytest.approx(500 / 3_600)
    assert found.smtp_port == 465


def test_no_secret_stands_in_it() -> None:
    # A file's name is none.
    secrets = [found for _, found in SETTINGS if re.search("KEY(?!_FILE)|PASSWORD", found["name"])]
    assert len(secrets) >= 4
    assert [found["value"] for found in secrets] == [""] * len(secrets)


def test_a_shown_default_is_the_real_default(tmp_path: Path) -> None:
    defaults = Settings().model_dump(mode="json", exclude_none=True)
    shown = {found["name"]: found["value"] for _, found in SETTINGS if found["value"]}
    differing = {
        setting_name(field): value
        for field, value in defaults.items()
        if setting_name(field) in shown
        and shown[setting_name(field)] != ("no" if value is False else str(value).removesuffix(".0"))
    }
    assert differing == {}
