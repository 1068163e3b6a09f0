"""What the pages say, by language."""

from collections.abc import Mapping

from newsletter.subscriber import Subscriber

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "leave": "Unsubscribe",
        "leave_ask": "Do you want to leave {title}?",
        "leave_who": "It is sent to {address}.",
        "leave_this": "Only {title}",
        "leave_all": "Every newsletter of ours",
        "leave_do": "Unsubscribe",
        "left": "You have left",
        "left_this": "{address} will not get {title} any more. Mail that is on its way may still arrive today.",
        "left_all": "{address} will not get any newsletter of ours any more. Mail that is on its way may still arrive "
        "today.",
        "back_ask": "Was that a mistake?",
        "back_do": "Subscribe again",
        "back": "You are subscribed again",
        "back_this": "{address} gets {title} as before.",
        "back_not": "This cannot be undone here",
        "back_not_why": "To read {title} again, please answer one of its mails, or write to {mailbox}.",
        "fewer": "Would fewer mails do? Choose the subjects that you want to read about.",
        "choose": "Preferences",
        "choose_who": "For {title}, sent to {address}",
        "choose_what": "What do you want to read about?",
        "choose_all": "Every story",
        "choose_some": "Stories about the subjects that I choose here",
        "choose_find": "Find a subject",
        "choose_more": "More subjects",
        "choose_none": "No subject has this word.",
        "choose_do": "Save",
        "saved": "Saved. The next issue follows your choice.",
        "out": "You do not get {title} at present.",
        "strange": "This link does not work",
        "strange_why": "It may have been cut when it was copied. Please open it from the mail itself.",
        "own": "This link works in your own mail",
        "own_why": "A mail that is shown in the browser has nobody's personal links. To unsubscribe, or to change your "
        "preferences, open the mail that you got.",
        "busy": "Please try again in a minute",
        "busy_why": "Nothing was changed just now.",
    },
    "zh-Hans": {
        "leave": "退订",
        "leave_ask": "确定退订《{title}》吗？",
        "leave_who": "目前发送至 {address}。",
        "leave_this": "仅退订《{title}》",
        "leave_all": "退订我们的所有通讯",
        "leave_do": "退订",
        "left": "已退订",
        "left_this": "{address} 将不再收到《{title}》。已发出的邮件今天仍可能送达。",
        "left_all": "{address} 将不再收到我们的任何通讯。已发出的邮件今天仍可能送达。",
        "back_ask": "误点了退订？",
        "back_do": "恢复订阅",
        "back": "已恢复订阅",
        "back_this": "{address} 将照常收到《{title}》。",
        "back_not": "此处无法恢复订阅",
        "back_not_why": "如需再次订阅《{title}》，请回复其任意一封邮件，或写信至 {mailbox}。",
        "fewer": "想少收一些？您可以只选择感兴趣的主题。",
        "choose": "偏好设置",
        "choose_who": "《{title}》，发送至 {address}",
        "choose_what": "您想阅读哪些内容？",
        "choose_all": "全部内容",
        "choose_some": "仅限我所选主题的内容",
        "choose_find": "查找主题",
        "choose_more": "其他主题",
        "choose_none": "没有包含此词的主题。",
        "choose_do": "保存",
        "saved": "已保存，下一期起生效。",
        "out": "您目前未订阅《{title}》。",
        "strange": "此链接无效",
        "strange_why": "复制时可能不完整，请直接在邮件中打开链接。",
        "own": "请在您自己的邮件中使用此链接",
        "own_why": "本页不含任何人的个人链接。如需退订或更改偏好，请打开您收到的邮件。",
        "busy": "请稍后再试",
        "busy_why": "刚才没有作任何更改。",
    },
}


def language_of(reader: Subscriber, default: str) -> str:
    wanted = reader.language or default
    return wanted if wanted in WORDS else "zh-Hans" if wanted.startswith("zh") else "en"


def masked(address: str) -> str:
    """Enough of it for its owner: a link may be looked at by others."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
