"""How a reader says no: a reason code and where. It never leaves this room."""

LONGEST = 200
"""Characters of a refusal's detail or of a fact; both come from untrusted files."""


class Refused(Exception):  # noqa: N818
    """A file is not accepted; `reason` is a code of `REASONS`, `detail` says where."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = clip(detail)


def clip(text: str, limit: int = LONGEST) -> str:
    """Return `text` printable and at most `limit` characters long."""
    shown = "".join(char if char.isprintable() else _escaped(char) for char in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 2] + ".."


def quoted(name: str | bytes) -> str:
    """Return a name from a file in quotes, short enough for one line."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return "'" + clip(text, 80) + "'"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
