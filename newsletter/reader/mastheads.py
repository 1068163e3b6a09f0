"""The file of declarations: templates/newsletters.yaml."""

from dataclasses import replace

from newsletter.errors import Finding, TemplateError
from newsletter.located import Located, nearest, validate
from newsletter.masthead import Masthead
from newsletter.yamlfile import read_yaml


def read_mastheads(text: str, *, path: str) -> dict[str, Masthead]:
    """
    The newsletters that a text declares, by name.

    :raises TemplateError: with everything that is wrong at once
    """
    located = read_yaml(text, path=path, error=TemplateError)
    findings: list[Finding] = []
    mastheads: dict[str, Masthead] = {}
    for name in located.values:
        try:
            mastheads[name] = _masthead(name, located, path)
        except TemplateError as error:
            findings.extend(error.findings)
    if findings:
        raise TemplateError(*findings)
    return mastheads


def _masthead(name: str, located: Located, path: str) -> Masthead:
    entry = located.values[name]
    if not isinstance(entry, dict):
        finding = located.finding((name,), "does not hold fields", "write them below it, indented, as 'name: value'")
        raise TemplateError(finding.at(path))
    if "name" in entry:
        finding = located.finding((name, "name"), "stands above already, before the colon", "delete this line")
        raise TemplateError(finding.at(path))
    named = replace(located, values={name: {"name": name, **entry}})
    masthead = validate(Masthead, named, TemplateError, path=path, prefix=(name,))
    if masthead.contact is not None and masthead.contact not in masthead.contacts:
        message, fix = unknown_contact(masthead.contact, masthead)
        raise TemplateError(located.finding((name, "contact"), message, fix, rule="unknown-contact").at(path))
    return masthead


def unknown_contact(name: str, masthead: Masthead) -> tuple[str, str]:
    """What is wrong and what to do about a contact that the newsletter does not declare."""
    near = nearest(name.replace(" ", "-"), masthead.contacts)
    fix = f"did you mean {near}?" if near else "add it to contacts in templates/newsletters.yaml"
    return f"{masthead.name} has no contact named '{name}'", fix
