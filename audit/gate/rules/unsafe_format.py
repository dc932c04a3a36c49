"""`unsafe-format`: model files are of formats that hold data, never code."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from audit.documents import Evidence, FileRole, Finding, FormatEvidence, Outcome, Release
from audit.documents.digest import Sha256
from audit.gate.rules._rule import Parameters, Rule, of_kind


class Formats(Parameters):
    """Which formats weights may have, and which chat templates; any sound one when empty."""

    formats: tuple[str, ...] = Field(default=("gguf", "safetensors", "onnx"), min_length=1)
    templates: tuple[Sha256, ...] = ()


def _check(
    release: Release, evidence: Sequence[Evidence], parameters: Formats
) -> Iterator[Finding]:
    files = of_kind(evidence, FormatEvidence)
    for file in files:
        if file.refusal is not None:
            yield _finding(f"{file.path}: {file.refusal.reason}: {file.refusal.detail}")
        elif file.role is FileRole.WEIGHT and file.format not in parameters.formats:
            allowed = ", ".join(parameters.formats)
            yield _finding(f"{file.path} is {file.format}; the policy allows {allowed}")
        for template in file.templates if parameters.templates else ():
            if template not in parameters.templates:
                yield _finding(f"{file.path} has the chat template {template}, not one allowed")
    if not any(file.role is FileRole.WEIGHT for file in files):
        yield _finding(f"{release.artifact} holds no model weights in a known format")


def _finding(message: str) -> Finding:
    return Finding(
        rule=RULE.name,
        outcome=Outcome.DENY,
        message=message,
        hint="see what each reason means: docs/model-formats.md",
    )


RULE = Rule("unsafe-format", "model files hold data, never code", _check, Formats)
