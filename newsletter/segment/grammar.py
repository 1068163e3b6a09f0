"""The segment language: `china and (ai-governance or =ai-policy) and not crypto`, told faults by line and column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lark import Lark, Token
from lark.exceptions import UnexpectedInput

from newsletter.errors import Finding, SegmentError
from newsletter.segment.expression import And, Everyone, Expression, Not, Or, walk
from newsletter.segment.faults import syntax_fault
from newsletter.segment.meaning import Field, Meaning
from newsletter.tags import Vocabulary

LENGTH_LIMIT = 2_000
#: parentheses and `not` inside each other; with saved segments written out. Keeps clear of every recursion limit.
NESTING_LIMIT = 50
#: words of an expression with its saved segments written out; keeps clear of the stack of SQLite's parser
WORD_LIMIT = 300

# A Chinese keyboard gives （） “” ， and ： as readily as their ASCII kin. The lexer is the basic one, so that `and` is
# the operator wherever it stands, and `ai and and china` is told as what it is.
_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: _NOT negation -> negation
    | atom
?atom: _OPEN disjunction _CLOSE
    | _ANY_OF _OPEN disjunction (_COMMA disjunction)* _CLOSE -> any_of
    | "=" _word -> exact
    | _word -> interest
    | FIELD -> field
    | EVERYONE -> everyone
_word: WORD | QUOTED

_OPEN: "(" | "（"
_CLOSE: ")" | "）"
_COMMA: /[,，、]/
_AND.3: /and(?=[\s()（）"“'=,，、]|$)/i
_OR.3: /or(?=[\s()（）"“'=,，、]|$)/i
_NOT.3: /not(?=[\s()（）"“'=,，、]|$)/i
EVERYONE.3: /everyone(?=[\s()（）"“'=,，、]|$)/i
_ANY_OF.3: /any-of(?=\s*[(（])/i
FIELD.2: /KEY[:：][ \t]*(?:[<>＜＞≤≥=＝]{1,2}[ \t]*)?(?:QUOTE|(?:FIRST(?:REST)*)?)/
WORD.1: /FIRST(?:REST)*/
QUOTED: /QUOTE/
%ignore /\s+/
"""
_FIRST = r"""[^\s()（）"“”'=:：&|!,，、;；]"""
_MARKS = {
    "KEY": f"{_FIRST}+",
    "FIRST": _FIRST,
    "REST": r"""[^\s()（）"“”=:：|!,，、;；]""",
    "QUOTE": r"""(?:"[^"\n]*"|“[^”\n]*”|'[^'\n]*')""",
}
_OPERANDS = frozenset({"WORD", "QUOTED", "FIELD", "EVERYONE"})


@dataclass(frozen=True, slots=True)
class SavedSegment:
    """An entry of subscribers/segments.yaml."""

    name: str
    #: for people: whom it means
    says: str
    rule: str
    expression: Expression


def parse_segment(text: str, vocabulary: Vocabulary, saved: Mapping[str, SavedSegment]) -> Expression:
    """
    The meaning of what was written as `--segment`.

    :raises SegmentError: with every fault and its place, as `segment:1:12: unknown tag 'cryto'; did you mean crypto?`
    """
    expression, findings = parse(text, vocabulary, {name: entry.expression for name, entry in saved.items()})
    if findings:
        raise SegmentError(*(finding.at("segment") for finding in findings), written=text)
    return expression


def parse(text: str, vocabulary: Vocabulary, saved: Mapping[str, Expression]) -> tuple[Expression, tuple[Finding, ...]]:
    """What was understood, and every fault found, without a path."""
    fault = _length_fault(text) or _nesting_fault(text)
    if fault:
        return Everyone(), (fault,)
    meaning = Meaning(vocabulary, saved)
    try:
        expression: Expression = meaning.transform(_parser().parse(text))
    except UnexpectedInput as error:
        return Everyone(), (syntax_fault(error, text),)
    fault = _size_fault(expression)
    if fault:
        return Everyone(), (*meaning.findings, fault)
    return expression, tuple(meaning.findings)


def references(text: str) -> frozenset[str]:
    """Names of the saved segments in a rule, whether or not it can be parsed."""
    fields = (Field.of(token) for token in _tokens(text[:LENGTH_LIMIT]) if token.type == "FIELD")
    return frozenset(field.value for field in fields if field.kind == "segment")


@cache
def _parser() -> Lark:
    grammar = re.sub("KEY|FIRST|REST|QUOTE(?!D)", lambda found: _MARKS[found[0]], _GRAMMAR)
    return Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False)


def _tokens(text: str) -> list[Token]:
    """As far as there are any: what cannot be a token is the parser's to tell."""
    found: list[Token] = []
    try:
        found.extend(_parser().lex(text))
    except UnexpectedInput:
        return found
    return found


def _length_fault(text: str) -> Finding | None:
    if not text.strip():
        return Finding(message="is empty", fix="write a tag, or everyone", line=1, column=1, rule="segment")
    if len(text) > LENGTH_LIMIT:
        message = f"is longer than {LENGTH_LIMIT} characters"
        fix = "save parts of it in segments.yaml, and name them as segment:NAME"
        return Finding(message=message, fix=fix, line=1, column=1, rule="segment")
    return None


def _nesting_fault(text: str) -> Finding | None:
    """Counted over the tokens, because the tree of the parser is walked by recursion."""
    depth, open_at = 0, [0]
    for token in _tokens(text):
        if token.type == "_OPEN":
            depth += 1
            open_at.append(depth)
        elif token.type == "_NOT":
            depth += 1
        elif token.type == "_CLOSE" and len(open_at) > 1:
            open_at.pop()
            depth = open_at[-1]
        elif token.type in _OPERANDS:
            depth = open_at[-1]
        if depth > NESTING_LIMIT:
            return _too_deep(token.line, token.column)
    return None


def _too_deep(line: int | None, column: int | None) -> Finding:
    message = f"is nested deeper than {NESTING_LIMIT} levels"
    return Finding(message=message, fix="take out parentheses", line=line, column=column, rule="segment")


def _size_fault(expression: Expression) -> Finding | None:
    words = 0
    for depth, part in walk(expression):
        words += not isinstance(part, And | Or | Not)
        if depth > NESTING_LIMIT:
            return _too_deep(1, 1)
        if words > WORD_LIMIT:
            message = f"holds more than {WORD_LIMIT} words with its saved segments written out"
            return Finding(message=message, fix="simplify it", line=1, column=1, rule="segment")
    return None
