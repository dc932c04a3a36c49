"""Examples at the end of a command's help; a test parses each of them."""


def examples(*lines: str) -> str:
    """Return an epilog that click prints line by line, as it stands."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
