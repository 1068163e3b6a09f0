"""What somebody who signs up agrees to, and what they are told by mail; by language."""

from collections.abc import Mapping

#: of the text that is agreed to. Whoever changes a word of it counts on: the log names the version that was read.
VERSION = 1
#: by version and language; earlier ones stay, for they were agreed to
CONSENT: Mapping[tuple[int, str], str] = {
    (
        1,
        "en",
    ): "I want {title} by mail at this address, from {sender}. I can leave at any time, with one click in every "
    "mail. Until then you keep my address, what I have filled in here, and when and how I agreed.",
    (
        1,
        "zh-Hans",
    ): "我同意 {sender} 通过邮件向此地址发送《{title}》。我可随时通过任意一封邮件一键退订。在此之前，你们保存"
    "我的邮件地址、此处填写的内容，以及我同意的时间和方式。",
}
LANGUAGES = ("en", "zh-Hans")

_CONFIRM_EN = """\
Somebody, most likely you, has asked for {title} at this address.

To get it, open this page and press its button:

{link}

The link is good for 7 days, and works once. If it was not you, do nothing: then nothing more comes from us."""
_KNOWN_EN = """\
Somebody, most likely you, has signed up for {title} with this address. You get it already, so nothing has changed.

Here you choose subjects, pause, or leave:

{link}

If it was not you, do nothing: whoever it was has not learned that you get it."""
_CONFIRM_ZH = """\
有人（很可能是您本人）用此地址订阅《{title}》。

如需订阅，请打开以下页面并点击按钮：

{link}

链接 7 天内有效，仅可使用一次。如非您本人操作，请忽略本邮件，我们不会再发送任何邮件。"""
_KNOWN_ZH = """\
有人（很可能是您本人）用此地址订阅《{title}》。您已订阅，因此没有任何变化。

在此选择主题、暂停或退订：

{link}

如非您本人操作，请忽略本邮件：对方无从得知您是否已订阅。"""

#: by language and kind of answer: subject, button, text
MAILS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("en", "confirm"): ("Please confirm: {title}", "Confirm", _CONFIRM_EN),
    ("en", "known"): ("You get {title} already", "Preferences", _KNOWN_EN),
    ("zh-Hans", "confirm"): ("请确认订阅《{title}》", "确认订阅", _CONFIRM_ZH),
    ("zh-Hans", "known"): ("您已订阅《{title}》", "偏好设置", _KNOWN_ZH),
}


def consent_text(language: str, *, title: str, sender: str) -> str:
    """The text that stands beside the tick today."""
    return CONSENT[VERSION, language].format(title=title, sender=sender)


def consent_wording(language: str) -> str:
    """By which the consent log names that text."""
    return f"sign-up form, version {VERSION}, {language}"
