"""Program code, by name and by how it begins: a model is data, so none is accepted."""

import re

from audit.model._refused import Refused
from audit.model._source import Source

SUFFIX = re.compile(
    r"\.(?:py[cowidxz]?|ipynb|so|dylib|dll|exe|com|bat|cmd|ps1|sh|bash|zsh|[mc]?js|ts|rb|pl|php|lua"
    r"|jar|class|war|wasm|msi|deb|rpm|apk|whl|o|a|cc?|cpp|cu|h|hpp|go|rs|java|r|jl|vbs|scr|desktop)"
)
# How a program begins; Mach-O in both byte orders and widths, and "fat".
STARTS: dict[bytes, str] = {
    b"\x7fELF": "an ELF program",
    b"#!": "a script that names its interpreter",
    b"\0asm": "a WebAssembly program",
    b"\xca\xfe\xba\xbe": "a Java class or a Mach-O program",
    b"\xfe\xed\xfa\xce": "a Mach-O program",
    b"\xfe\xed\xfa\xcf": "a Mach-O program",
    b"\xce\xfa\xed\xfe": "a Mach-O program",
    b"\xcf\xfa\xed\xfe": "a Mach-O program",
}


def require_no_program(suffix: str, source: Source) -> None:
    """Refuse a file that a machine or an interpreter would run.

    Raises:
        Refused: `code`.
    """
    if SUFFIX.fullmatch(suffix):
        raise Refused("code", f"files named {suffix} hold program code")
    head = source.head(64)
    for start, what in STARTS.items():
        if head.startswith(start):
            raise Refused("code", what)
    if head.startswith(b"MZ") and len(head) == 64:
        place = int.from_bytes(head[60:64], "little")
        if place + 4 <= source.size and source.read(place, 4) == b"PE\0\0":
            raise Refused("code", "a Windows program")
