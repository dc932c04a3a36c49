"""Chat templates: programs in Jinja that a model brings along, read and never rendered.

A loader renders the template with the conversation, in a sandbox if it is careful.
A template has no reason to reach for what the sandbox would refuse, so one that
does is refused: names with a leading underscore, other templates, texts formatted
with attributes. What it looks for in the text of messages is reported as a fact,
because a template that answers differently to certain words is how a model can be
turned without touching its weights.

Limit: a name that is put together while the template runs is not seen here.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from audit.model._refused import Refused, clip, quoted

MAX_TEMPLATE = 64 << 10
"""Bytes; the longest template in use that we know has 17 000."""

MAX_TEMPLATES = 16
DUNDER = re.compile(r"__\w+__")
FIELD_WITH_ATTRIBUTE = re.compile(r"\{[^{}]*[.\[][^{}]*\}")
FORMATS = frozenset({"format", "format_map"})
LOADS = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
ASKS = (nodes.Compare, nodes.Test, nodes.Call)
"""Where a text is compared or sought; of calls only methods, as in content.find("x")."""

FIELDS = frozenset({"content", "role", "user", "assistant", "system", "tool", "text", "type"})
"""Words that are the structure of a conversation, not what is said in it."""


class _Generation(Extension):
    """The tag that marks what the model itself said; it groups, nothing more."""

    tags = {"generation"}  # noqa: RUF012  # as jinja2 wants it

    @override
    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


_ENVIRONMENT = ImmutableSandboxedEnvironment(extensions=[loopcontrols, _Generation])


def template_facts(named: Mapping[str, str]) -> dict[str, str]:
    """Return the digest of each chat template and the words it looks for in messages.

    The names are what follows `chat_template` in the names of the facts.

    Raises:
        Refused: `template-invalid` or `template-unsafe`.
    """
    if len(named) > MAX_TEMPLATES:
        raise Refused("template-invalid", f"{len(named)} templates; at most {MAX_TEMPLATES}")
    facts: dict[str, str] = {}
    for name, text in named.items():
        facts |= _facts(text, f"chat_template{clip(name, 40)}")
    return facts


def _facts(text: str, name: str) -> dict[str, str]:
    data = text.encode("utf-8")
    if len(data) > MAX_TEMPLATE:
        raise Refused("template-invalid", f"{len(data)} bytes; at most {MAX_TEMPLATE} are read")
    try:
        tree = _ENVIRONMENT.parse(text)
        _require_safe(tree)
        words = sorted(set(_words(tree)))
    except TemplateSyntaxError as exc:
        raise Refused("template-invalid", f"line {exc.lineno}: {exc.message}") from None
    except RecursionError:
        raise Refused("template-invalid", "expressions nest too deep") from None
    facts = {name: "sha256:" + hashlib.sha256(data).hexdigest()}
    if words:
        facts[f"{name}_looks_for"] = clip(" ".join(quoted(word) for word in words))
    return facts


def _require_safe(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        problem = _problem(node)
        if problem is not None:
            raise Refused("template-unsafe", f"line {node.lineno}: {problem}")


def _problem(node: nodes.Node) -> str | None:
    """Return what a node does that no chat template needs, or None."""
    if isinstance(node, LOADS):
        return "loads another template"
    if isinstance(node, nodes.Filter) and node.name == "attr":
        return "takes an attribute by a name made while it runs"
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and DUNDER.search(node.value):
        return f"holds the internal name {quoted(node.value)}"
    if isinstance(node, nodes.Getattr) and node.attr in FORMATS:
        return _format_problem(node.node)
    name = _name(node)
    return f"reaches for {quoted(name)}" if name.startswith("_") else None


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return str(node.arg.value)
    return ""


def _format_problem(text: nodes.Node) -> str | None:
    if not isinstance(text, nodes.Const):
        return "formats a text made while it runs"
    if FIELD_WITH_ATTRIBUTE.search(str(text.value)):
        return f"formats with attributes: {quoted(str(text.value))}"
    return None


def _words(tree: nodes.Template) -> Iterator[str]:
    """Give the literal texts that are compared with, or sought in, message content."""
    for node in tree.find_all(ASKS):
        asked = node.node if isinstance(node, nodes.Call) else node
        if isinstance(asked, nodes.Name) or not any(map(_is_content, _parts(asked))):
            continue
        for part in node.find_all(nodes.Const):
            if isinstance(part.value, str) and part.value.strip() and part.value not in FIELDS:
                yield part.value


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    yield from node.find_all((nodes.Getattr, nodes.Getitem, nodes.Name))


def _is_content(node: nodes.Node) -> bool:
    return "content" in {_name(node), node.name if isinstance(node, nodes.Name) else ""}
