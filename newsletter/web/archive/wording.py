"""What the pages of an archive say, by language."""

from collections.abc import Callable, Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "archive": "Archive",
        "about": "What {title} has sent, the newest first.",
        "empty": "Nothing has been sent yet.",
        "feed": "Atom feed",
        "newer": "Newer issues",
        "older": "Older issues",
        "pages": "Pages",
        "page": "Page {number} of {count}",
        "correction": "Correction",
        "was_corrected": "Corrected",
        "all": "All issues",
        "corrected_by": "What this issue said was corrected on {day}:",
        "corrects": "This corrects what was sent on {day}:",
        "own": "This link works in your own mail",
        "own_why": "In the archive nobody's personal links are kept. To unsubscribe, or to change your preferences, "
        "open the mail that you got.",
        "back": "Back to the archive",
    },
    "zh-Hans": {
        "archive": "往期存档",
        "about": "《{title}》往期内容，最新在前。",
        "empty": "尚无已发送的内容。",
        "feed": "Atom 订阅源",
        "newer": "较新的各期",
        "older": "较早的各期",
        "pages": "分页",
        "page": "第 {number} 页，共 {count} 页",
        "correction": "更正",
        "was_corrected": "已更正",
        "all": "全部各期",
        "corrected_by": "本期内容已于{day}更正：",
        "corrects": "本期更正{day}发送的内容：",
        "own": "请在您自己的邮件中使用此链接",
        "own_why": "存档不含任何人的个人链接。如需退订或更改偏好，请打开您收到的邮件。",
        "back": "返回存档",
    },
}


def words_in(language: str) -> Callable[..., str]:
    """What looks a sentence up in that language, and fills it in."""
    words = _WORDS["zh-Hans" if language.startswith("zh") else "en"]
    return lambda key, **values: words[key].format(**values)
