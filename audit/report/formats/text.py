"""Text: one screen for a terminal, the answer first."""

from audit.documents import POSITIVE, ItemResult, QueryOutcome, Report
from audit.report._compile import counts_of
from audit.report._language import Language, in_language, words


def text(report: Report, language: Language) -> bytes:
    """Return the summary of a report: counts, what is contradicted, what was found."""
    say = words()
    scope = report.scope
    lines = [in_language(report.framework.title, language)]
    if scope.broken is not None:
        lines.append(f"{in_language(say['ledger_broken'], language)}: {scope.broken.what}")
    else:
        lines.append(f"{in_language(say['ledger_range'], language)}: {scope.size}, {scope.root}")
    lines += [
        f"  {number:4d}  {in_language(say[f'result.{result}'], language)}"
        for result, number in sorted(counts_of(report.items).items(), key=_order)
    ]
    bad = {ItemResult.NOT_MET, ItemResult.CONTRADICTED}
    for item in report.items:
        if item.result in bad | POSITIVE:
            result = in_language(say[f"result.{item.result}"], language)
            title = in_language(item.control_title, language)
            lines.append(f"{item.id} {title}: {result}")
            if item.result in bad:
                lines.append(f"  {in_language(item.reason, language)}")
    asked = [one for one in report.answers if one.outcome is not QueryOutcome.NOT_RUN]
    lines.append(
        f"{in_language(say['queries_asked'], language)}: {len(asked)} / {len(report.answers)}"
    )
    lines.append(in_language(report.framework.claim, language))
    return ("\n".join(lines) + "\n").encode("utf-8")


def _order(counted: tuple[ItemResult, int]) -> int:
    return list(ItemResult).index(counted[0])
