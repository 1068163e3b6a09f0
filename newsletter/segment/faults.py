"""What is wrong with an expression that cannot be read, and what to do about it."""

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from newsletter.errors import Finding
from newsletter.fields import shown

_BETWEEN_WORDS = frozenset({"_AND", "_OR", "_CLOSE", "$END"})


def syntax_fault(error: UnexpectedInput, text: str) -> Finding:
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
    if token.type == "_COMMA" and "_COMMA" not in error.expected and follows_a_word:
        return "a comma stands only in any-of(…)", "write 'or' instead, or any-of(china, ai)"
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
