"""The words of a new issue file, in each language: what a field does, and an example to write over."""

from dataclasses import dataclass

from newsletter.issue import Kind


@dataclass(frozen=True, slots=True)
class Note:
    """A field of the front matter, and one line that says what it does."""

    says: str
    line: str
    kind: Kind | None = None
    #: fields without which there is no example
    needs: tuple[str, ...] = ()
    required: bool = False


_UPDATE, _BRIEF = Kind.TEAM_UPDATE, Kind.DAILY_BRIEF

OPENINGS = {
    "en": {
        _UPDATE: """\
# A team update. Lines that begin with # are notes to you; no reader sees them.
# To use a field below, take "# " away in front of it. Then run: newsletter check""",
        _BRIEF: """\
# A daily brief. Lines that begin with # are notes to you; no reader sees them.
# To use a field below, take "# " away in front of it. Then run: newsletter check""",
    },
    "zh-Hans": {
        _UPDATE: """\
# 团队通讯。以 # 开头的行是写给您的说明，读者看不到。
# 要使用下面的某个字段，请删去行首的“# ”。写完后运行：newsletter check""",
        _BRIEF: """\
# 每日简报。以 # 开头的行是写给您的说明，读者看不到。
# 要使用下面的某个字段，请删去行首的“# ”。写完后运行：newsletter check""",
    },
}

NOTES = {
    "en": (
        Note("One line; phones show about 40 characters.", "subject: A subject that says what is new", required=True),
        Note(
            "What mail programs show beside the subject. Left out, it is made from the first sentence.",
            "preheader: One sentence that goes on where the subject ends",
        ),
        Note("What the issue is about, in words of subscribers/tags.yaml.", "tags: [{tags}]", needs=("tags",)),
        Note(
            "Which stories a reader gets: all; matched (only what fits them); matched-first (all, those first).",
            "stories: matched-first",
            _BRIEF,
        ),
        Note("With matched, a reader whom fewer stories fit gets nothing.", "min_stories: 2", _BRIEF),
        Note("Who wrote it.", "lead_author: Your name", _UPDATE),
        Note("Whom readers can ask; a name from the newsletter's contacts.", "contact: {contact}", needs=("contact",)),
        Note(
            "The first line of the mail; a reader's name goes where the braces are.", 'greeting: "Dear {{{{ name }}}},"'
        ),
        Note(
            "The last words; the contact is printed where the braces are.",
            'closing: "Questions are welcome: {{{{ contact }}}}."',
        ),
        Note("What stands above the signature.", 'sign_off: "Kind regards,"'),
        Note("Who signs.", "signature: Your team"),
        Note("Stands before the subject where the law asks for a label.", 'subject_label: "<ADV>"'),
        Note("Not to be sent before this day.", "embargo: {tomorrow}"),
        Note("Where answers go. Left out, what the newsletter or .env says.", "reply_to: advisers@example.com"),
    ),
    "zh-Hans": (
        Note("一行；手机约显示二十个汉字。", "subject: 用一句话说明新内容", required=True),
        Note("邮件列表中主题旁显示的文字；不写则取正文第一句。", "preheader: 接着主题往下说的一句话"),
        Note("本期涉及的标签，须是 subscribers/tags.yaml 中的词。", "tags: [{tags}]", needs=("tags",)),
        Note(
            "读者收到哪些条目。all：全部；matched：只发符合兴趣的；matched-first：全部，符合兴趣的在前。",
            "stories: matched-first",
            _BRIEF,
        ),
        Note("选择 matched 时，符合的条目少于此数的读者不会收到。", "min_stories: 2", _BRIEF),
        Note("主要作者。", "lead_author: 您的姓名", _UPDATE),
        Note("读者可以询问的联系人，取自该通讯的 contacts。", "contact: {contact}", needs=("contact",)),
        Note("邮件的第一行；双花括号处填入读者姓名。", 'greeting: "{{{{ name }}}}，您好："'),
        Note("结语；双花括号处印出联系人。", 'closing: "如有疑问，请联系{{{{ contact }}}}。"'),
        Note("署名之上的敬语。", "sign_off: 此致，"),
        Note("署名。", "signature: 您的团队"),
        Note("法律要求标示时，放在主题之前。", "subject_label: 广告"),
        Note("此日之前不得发送。", "embargo: {tomorrow}"),
        Note("回信寄往何处；不写则依通讯或 .env 的设置。", "reply_to: advisers@example.com"),
    ),
}

BODIES = {
    "en": {
        _UPDATE: """
Say here in two or three sentences what happened, and why it concerns your readers. A blank line begins a new paragraph;
**bold**, *italics* and [links](https://example.com/page) work.

- **The lead gives the point in one sentence.** The rest of the bullet gives the facts behind it.
- Without bold letters, the first sentence is the lead. Two to five points make a good note.

## A heading for a second group

- **Another point.** Where a group needs no heading, write a line of three dashes instead.
""",
        _BRIEF: """
## Top Stories

### A headline that says who did what
- Example Wire/Daily Example · {day}
- Summary: Two or three sentences with the facts: who, when, how much.
- Why It Matters: What it changes for your readers.
- URL: https://example.com/page
- Tags: {tags}

### A second headline; numbers are made for you
- Source: [Example Wire](https://example.com/other-page)
- Date: {day}
- Summary: A story needs a headline and a summary; everything else may be left out.
- Why It Matters: A story with Must Send goes to every reader, whatever their interests.
- URL: none
- Tags: {tags}
- Must Send: no
""",
    },
    "zh-Hans": {
        _UPDATE: """
请在这里用两三句话说明发生了什么，以及它与读者有何关系。空行另起一段；可以使用**粗体**、*斜体*和[带链接的文字](https://example.com/page)。

- **要点用一句话说清。** 其余文字给出事实依据。
- 没有粗体时，第一句就是要点。一期写两到五个要点为宜。

## 第二组的标题

- **另一个要点。** 不需要标题时，改写一行三个连字符即可。
""",
        _BRIEF: """
## 要闻

### 用一句话说明谁做了什么
- 来源：示例通讯社/示例日报
- 日期：{day}
- 摘要：用两三句话写明事实：何人、何时、多少。
- 为何重要：它给读者带来什么变化。
- 链接：https://example.com/page
- 标签：{tags}

### 第二条标题；序号会自动生成
- 来源：[示例通讯社](https://example.com/other-page)
- 日期：{day}
- 摘要：标题和摘要必不可少，其余各项可以省略。
- 为何重要：写明“必发：是”的条目会发给每一位读者。
- 链接：none
- 标签：{tags}
- 必发：否
""",
    },
}
