"""The segment language: `china and (ai-governance or =ai-policy) and not crypto`, told faults by line and column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import get_args

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from newsletter.errors import Finding, SegmentError
from newsletter.fields import shown
from newsletter.issue import Language
from newsletter.located import nearest
from newsletter.segment.expression import And, Everyone, Expression, HasInterest, InLanguage, Not, Or, walk
from newsletter.tags import Vocabulary

LENGTH_LIMIT = 2_000
#: parentheses and `not` inside each other; with saved segments written out. Keeps clear of every recursion limit.
NESTING_LIMIT = 50
#: words of an expression with its saved segments written out; keeps clear of the stack of SQLite's parser
WORD_LIMIT = 300

# A Chinese keyboard gives （） “” and ： as readily as their ASCII kin. The lexer is the basic one, so that `and` is
# the operator wherever it stands, and `ai and and china` is told as what it is.
_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction (_OR conjunction)*
?conjunction: negation (_AND negation)*
?negation: _NOT negation -> negation
    | atom
?atom: _OPEN disjunction _CLOSE
    | "=" _word -> exact
    | _word -> interest
    | FIELD -> field
    | EVERYONE -> everyone
_word: WORD | QUOTED

_OPEN: "(" | "（"
_CLOSE: ")" | "）"
_AND.3: /and(?=[\s()（）"“'=]|$)/i
_OR.3: /or(?=[\s()（）"“'=]|$)/i
_NOT.3: /not(?=[\s()（）"“'=]|$)/i
EVERYONE.3: /everyone(?=[\s()（）"“'=]|$)/i
FIELD.2: /[^\s()（）"“”'=:：&|!,，、;；]+[:：][ \t]*[^\s()（）"“”'=:：&|!,，、;；]*/
WORD.1: /[^\s()（）"“”'=:：&|!,，、;；][^\s()（）"“”=:：|!,，、;；]*/
QUOTED: /"[^"\n]*"|“[^”\n]*”|'[^'\n]*'/
%ignore /\s+/
"""
_OPERANDS = frozenset({"WORD", "QUOTED", "FIELD", "EVERYONE"})
_BETWEEN_WORDS = frozenset({"_AND", "_OR", "_CLOSE", "$END"})


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
        raise SegmentError(*(finding.at("segment") for finding in findings))
    return expression


def parse(text: str, vocabulary: Vocabulary, saved: Mapping[str, Expression]) -> tuple[Expression, tuple[Finding, ...]]:
    """What was understood, and every fault found, without a path."""
    fault = _length_fault(text) or _nesting_fault(text)
    if fault:
        return Everyone(), (fault,)
    meaning = _Meaning(vocabulary, saved)
    try:
        expression: Expression = meaning.transform(_parser().parse(text))
    except UnexpectedInput as error:
        return Everyone(), (_syntax_fault(error, text),)
    fault = _size_fault(expression)
    if fault:
        return Everyone(), (*meaning.findings, fault)
    return expression, tuple(meaning.findings)


def references(text: str) -> frozenset[str]:
    """Names of the saved segments in a rule, whether or not it can be parsed."""
    found = (_field(token) for token in _tokens(text[:LENGTH_LIMIT]) if token.type == "FIELD")
    return frozenset(name for kind, name in found if kind == "segment")


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


def _tokens(text: str) -> list[Token]:
    """As far as there are any: what cannot be a token is the parser's to tell."""
    found: list[Token] = []
    try:
        found.extend(_parser().lex(text))
    except UnexpectedInput:
        return found
    return found


def _field(token: Token) -> tuple[str, str]:
    kind, _, value = token.replace("：", ":").partition(":")
    return kind.lower(), value.strip()


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


def _syntax_fault(error: UnexpectedInput, text: str) -> Finding:
    message, fix = "cannot be read here", "check parentheses, and the words around them"
    if isinstance(error, UnexpectedCharacters):
        message, fix = _stray(error.char)
    elif isinstance(error, UnexpectedToken):
        message, fix = _out_of_place(error)
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        lines = text.rstrip().split("\n")
        line, column = len(lines), len(lines[-1]) + 1
    else:
        line, column = error.line, error.column
    return Finding(message=message, fix=fix, line=line, column=column, rule="segment")


def _stray(mark: str) -> tuple[str, str]:
    if mark in "\"'“”":
        return "a quotation mark has no partner", "close it, or take it out"
    return f"'{shown(mark)}' cannot stand here", "join tags with and, or, not; put a name with such a sign in quotes"


def _out_of_place(error: UnexpectedToken) -> tuple[str, str]:
    token, follows_a_word = error.token, not _BETWEEN_WORDS.isdisjoint(error.expected)
    if token.type == "$END" and follows_a_word:
        return "a parenthesis is not closed", "write ')'"
    if token.type == "$END":
        return "the expression stops too early", "write a tag here"
    if token.type == "_CLOSE" and follows_a_word:
        return "this parenthesis was never opened", "take it out, or write '(' before"
    if follows_a_word:
        fix = "write 'and' or 'or' before it, and put a name of several words in quotes"
        return f"'{shown(token)}' stands without a join", fix
    return f"'{shown(token)}' cannot stand here", "write a tag before it"


class _Meaning(Transformer[Token, Expression]):
    """The expression, bottom up; faults are gathered so that all can be told at once."""

    def __init__(self, vocabulary: Vocabulary, saved: Mapping[str, Expression]) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._saved = saved
        self.findings: list[Finding] = []

    def disjunction(self, parts: list[Expression]) -> Expression:
        return Or(tuple(parts))

    def conjunction(self, parts: list[Expression]) -> Expression:
        return And(tuple(parts))

    def negation(self, parts: list[Expression]) -> Expression:
        return Not(parts[0])

    def everyone(self, _: list[Token]) -> Expression:
        return Everyone()

    def interest(self, tokens: list[Token]) -> Expression:
        return self._tag(tokens[0], self._vocabulary.kin)

    def exact(self, tokens: list[Token]) -> Expression:
        return self._tag(tokens[0], lambda slug: frozenset({slug}))

    def field(self, tokens: list[Token]) -> Expression:
        kind, value = _field(tokens[0])
        if kind == "language":
            return self._in_language(tokens[0], value)
        if kind == "segment":
            return self._segment(tokens[0], value)
        fix = "write language:… or segment:…, or a tag alone"
        return self._fault(tokens[0], f"'{shown(kind)}' cannot be asked for", fix)

    def _tag(self, token: Token, reach: Callable[[str], frozenset[str]]) -> Expression:
        word = token[1:-1] if token.type == "QUOTED" else str(token)
        slug = self._vocabulary.resolve(word)
        if slug is None:
            near = self._vocabulary.nearest(word, count=1)
            fix = f"did you mean {near[0]}?" if near else "see newsletter tags list"
            return self._fault(token, f"unknown tag '{shown(word)}'", fix)
        return HasInterest(slug, self._vocabulary.stored_as(reach(slug)))

    def _in_language(self, token: Token, value: str) -> Expression:
        known = {language.lower(): language for language in get_args(Language)}
        if value.lower() in known:
            return InLanguage(known[value.lower()])
        return self._fault(token, f"unknown language '{shown(value)}'", f"write {' or '.join(known.values())}")

    def _segment(self, token: Token, name: str) -> Expression:
        if name in self._saved:
            return self._saved[name]
        near = nearest(name, self._saved)
        fix = f"did you mean {near}?" if near else "see newsletter segments list"
        return self._fault(token, f"unknown segment '{shown(name)}'", fix)

    def _fault(self, token: Token, message: str, fix: str) -> Expression:
        finding = Finding(message=message, fix=fix, line=token.line, column=token.column, rule="segment")
        self.findings.append(finding)
        return Everyone()
