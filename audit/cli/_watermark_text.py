"""What `audit watermark` prints for people."""

from collections.abc import Sequence

from audit.documents import AigcLabel, Detection, Explicit, ForeignDetection, Receipt


def detection_text(found: Detection) -> str:
    """Return a detection as lines: the verdict first, then what carries it."""
    lines = [f"{found.verdict}"]
    for one in found.attributions:
        how = "exact text" if one.exact else f"{one.decision}, log10 p {one.log10_p}"
        shared = "" if one.shared_permille is None else f", wording {one.shared_permille / 10:g} %"
        lines.append(
            f"  receipt {one.receipt_id}: {how} of {one.candidates} by {_ways(one.via)}{shared}"
        )
        lines.append(f"    {one.model_id} {one.model_digest}")
    lines += [
        f"  key {seen.key_id} ({seen.model_id}): {seen.decision}, log10 p {seen.log10_p} "
        f"over {seen.tests} tests, tokens {seen.tokens[0]} to {seen.tokens[1]}"
        for seen in found.presence
    ]
    lines += [f"  remark: {remark}" for remark in found.remarks]
    return "\n".join(lines) + "\n"


def receipt_text(receipt: Receipt, checked: Sequence[str]) -> str:
    """Return a verified receipt as lines: what was checked, then what it says."""
    lines = [
        f"verified ({', '.join(checked)}): {receipt.receipt_id}",
        f"  model {receipt.model_id} {receipt.model_digest}",
        f"  time {receipt.ts_ns} ns, {receipt.tokens} tokens, engine {receipt.engine}",
        f"  coverage {receipt.coverage}",
    ]
    if receipt.mark is not None:
        check = receipt.mark.self_check
        lines.append(
            f"  mark of key {receipt.mark.key_id}, self-check log10 p {check.log10_p} "
            f"over {check.contexts} contexts"
        )
    if receipt.labels:
        lines.append(f"  labels {', '.join(receipt.labels)}")
    if receipt.overridden:
        lines.append(f"  overridden {', '.join(receipt.overridden)}")
    return "\n".join(lines) + "\n"


def foreign_text(found: ForeignDetection) -> str:
    """Return what was found of a foreign mark as a line."""
    return f"{found.decision}: {found.scheme}, log10 p {found.log10_p} over {found.counted}\n"


def label_text(label: AigcLabel | None, explicit: Explicit) -> str:
    """Return a label as lines, and where the words people read are."""
    words = f"  words for people: {explicit}\n"
    if label is None:
        return "no label\n" + words
    fields = label.model_dump(by_alias=True)
    return "label\n" + "".join(f"  {name}: {value}\n" for name, value in fields.items()) + words


def _ways(via: Sequence[str]) -> str:
    return ", ".join(via) or "wording"
