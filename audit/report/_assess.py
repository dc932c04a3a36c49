"""From answers to results: what the evidence comes to for one item.

The rules:

* No evidence, no result: the default is not assessed, never not applicable.
* A contradiction counts wherever it is cited, also in a supporting query.
* A positive result needs a query of the item itself; supporting ones never give it.
* Whole evidence needs every query of the item, nothing left for a person to
  attest, and a ledger that is not broken.
* Items of the platform and items that only a person can state stay not
  assessed; their answers are printed beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.documents import ItemResult, QueryAnswer, QueryOutcome, QueryScope, Text

_SHOWN = (QueryOutcome.PASS, QueryOutcome.PARTIAL)


@dataclass(frozen=True, slots=True)
class Values:
    """The result values of one framework."""

    whole: ItemResult
    part: ItemResult
    contradicted: ItemResult
    missing: ItemResult


MLPS = Values(
    ItemResult.MET, ItemResult.PARTLY_MET, ItemResult.NOT_MET, missing=ItemResult.NOT_ASSESSED
)
GDPR = Values(
    ItemResult.EVIDENCE_PRESENT,
    ItemResult.EVIDENCE_PARTIAL,
    ItemResult.CONTRADICTED,
    missing=ItemResult.EVIDENCE_MISSING,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers that bear on one item."""

    own: tuple[QueryAnswer, ...]
    supporting: tuple[QueryAnswer, ...]
    scope: QueryScope

    @classmethod
    def of(
        cls,
        answers: Mapping[str, QueryAnswer],
        scope: QueryScope,
        *,
        own: Sequence[str],
        supporting: Sequence[str],
    ) -> "Asked":
        """Pick an item's answers by query id."""
        return cls(
            tuple(answers[name] for name in own),
            tuple(answers[name] for name in supporting),
            scope,
        )


def judge(
    asked: Asked, values: Values, *, can_be_whole: bool, left: bool
) -> tuple[ItemResult, Text]:
    """Return the result of an item and the reason for it.

    `can_be_whole` says whether the item's evidence can come from this product
    alone; `left` whether something remains for a person to attest.
    """
    failed = [one for one in (*asked.own, *asked.supporting) if one.outcome is QueryOutcome.FAIL]
    if failed:
        return values.contradicted, _contradiction(failed[0])
    shown = [one for one in asked.own if one.outcome in _SHOWN]
    if not shown:
        return _nothing_shown(asked, values)
    open_ = [one.query for one in asked.own if one.outcome is not QueryOutcome.PASS]
    broken = asked.scope.broken
    if not open_ and can_be_whole and not left and broken is None:
        return values.whole, Text(en="Every query of this item holds.", zh="本项全部查询均成立。")
    en, zh = [f"Shown by {_names(shown)}."], [f"已由 {_names(shown)} 证明。"]
    if open_:
        en.append(f"Not or only in part: {', '.join(open_)}.")
        zh.append(f"未证明或仅部分证明：{'、'.join(open_)}。")
    if left:
        en.append("A person must attest the rest.")
        zh.append("其余须由人声明。")
    if broken is not None:
        en.append(f"The ledger is broken: only entries before {broken.seq} count.")
        zh.append(f"账本断裂：仅采信条目 {broken.seq} 之前的记录。")
    return values.part, Text(en=" ".join(en), zh="".join(zh))


def only_a_person(share: Text) -> tuple[ItemResult, Text]:
    """Return the result of an item that no record of this product can establish."""
    reason = Text(en=f"Not assessed here: {share.en}.", zh=f"此处不评估：{share.zh}。")
    return ItemResult.NOT_ASSESSED, reason


def _contradiction(answer: QueryAnswer) -> Text:
    return Text(
        en=f"{answer.query}: {answer.observed.en}", zh=f"{answer.query}：{answer.observed.zh}"
    )


def _nothing_shown(asked: Asked, values: Values) -> tuple[ItemResult, Text]:
    ran = [one for one in asked.own if one.outcome is QueryOutcome.ABSENT]
    if not asked.own:
        return ItemResult.NOT_ASSESSED, Text(
            en="No query can establish this item.", zh="没有查询可以证明本项。"
        )
    if not ran or asked.scope.size == 0:
        return ItemResult.NOT_ASSESSED, Text(
            en="Nothing is recorded that could be asked about this item.",
            zh="没有可供查询本项的记录。",
        )
    return values.missing, Text(
        en=f"Asked, and found nothing: {_names(ran)}.", zh=f"已查询而无记录：{_names(ran)}。"
    )


def _names(answers: Sequence[QueryAnswer]) -> str:
    return ", ".join(answer.query for answer in answers)
