"""
Attribute values as the compiler cannot spoil them: in double quotes, with what is delicate written as `&#N;`.

It prints values the way Rust debugs them: a quotation mark would end the attribute, and a joined emoji or a decomposed
accent would come out as `\\u{200d}`.
"""

import re
import unicodedata

from newsletter.mjml.linting import ATTRIBUTE, TOKEN

#: a tag that needs no guard: double quotes, and nothing between them but plain ASCII
_SIMPLE = re.compile(r'</?[A-Za-z][\w:-]*(?:\s+[\w:-]+="[ !#-;=?-\[\]-~]*")*\s*/?>', re.ASCII)


def guarded(source: str) -> str:
    if len(_SIMPLE.findall(source)) + source.count("<!--") == source.count("<"):
        return source
    return TOKEN.sub(_guard_token, source)


def _guard_token(token: re.Match[str]) -> str:
    rest = token["rest"]
    if not rest or token["end"] or _SIMPLE.fullmatch(token[0]):
        return token[0]
    return f"<{token['name']}{ATTRIBUTE.sub(_guard_attribute, rest)}{token['empty']}>"


def _guard_attribute(found: re.Match[str]) -> str:
    value = found["double"] if found["single"] is None else found["single"]
    return f'{found["name"]}="{"".join(map(_guard_character, value))}"'


def _guard_character(mark: str) -> str:
    is_plain = mark == " " or (unicodedata.category(mark)[0] in "LNPS" and mark not in '"\\<>')
    return mark if is_plain else f"&#{ord(mark)};"
