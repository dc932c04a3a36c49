"""One examination from text to detection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from audit.core.errors import EvidenceError, UsageError
from audit.documents import Detection, Via
from audit.watermark._text import spellings
from audit.watermark.examine._candidates import Candidate, Sources, gather
from audit.watermark.examine._evidence import (
    KeyTest,
    ReceiptTest,
    check_key,
    check_receipt,
    check_synonyms,
    strongest,
    tag_table,
)
from audit.watermark.examine._tokenizer import Tokenizer, encode
from audit.watermark.examine._verdict import Findings, conclude
from audit.watermark.mark import attribute

MOST_CHARACTERS = 2_000_000
"""Longer texts are refused; examine them in parts."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in which every receipt's tag is tried."""

    from_ns: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class Examiner:
    """Everything an examination needs. `tokenizers` are by digest, as the registry names them."""

    sources: Sources
    tokenizers: Mapping[str, Tokenizer] = field(repr=False)
    scan: Span | None = None

    def examine(self, text: str) -> Detection:
        """Return what can be said about a text, in words and p-values.

        Raises:
            UsageError: the text is too long.
            EvidenceError: the registry is empty, or no tokenizer of any of its models is here.
        """
        if len(text) > MOST_CHARACTERS:
            raise UsageError(f"a text of {len(text)} characters; {MOST_CHARACTERS} is the most")
        forms = spellings(text)
        tests = [test for form in forms for test in self._key_tests(form)]
        if not tests:
            raise EvidenceError(
                "no key can be tested: the registry is empty, or no tokenizer of its models is here",
                hint="name the model's tokenizer with --tokenizer",
            )
        best = strongest(tests)
        scanned, leads = self._scan(best)
        found = gather(text, self.sources, leads)
        candidates = list(found.candidates.values())
        receipts = self._check(candidates, tests, forms)
        remarks = set(found.remarks)
        if {test.line.key_id for test in tests} != {k.key_id for k in self.sources.registry.keys}:
            remarks.add("tokenizer-missing")
        return conclude(
            Findings(
                characters=len(text),
                tokens=max(len(test.tokens) for test in tests),
                tests=sum(test.presence.tests for test in tests) + len(receipts),
                keys=best,
                receipts=receipts,
                candidates=candidates,
                scanned=scanned,
                remarks=frozenset(remarks),
            )
        )

    def _check(
        self, candidates: Sequence[Candidate], tests: Sequence[KeyTest], forms: Sequence[str]
    ) -> list[ReceiptTest]:
        found = []
        for each in candidates:
            one = check_receipt(each, tests) or check_synonyms(each, forms, self.sources.keys)
            found += [one] if one is not None else []
        return found

    def _key_tests(self, form: str) -> list[KeyTest]:
        tokens = {digest: encode(one, form) for digest, one in self.tokenizers.items()}
        return [
            check_key(line, self.sources.keys[line.key_id], tokens[line.tokenizer_digest])
            for line in self.sources.registry.keys
            if line.tokenizer_digest in tokens
        ]

    def _scan(self, best: Mapping[str, KeyTest]) -> tuple[int, list[tuple[str, Via]]]:
        """Return how many tags were tried, and the receipts whose tags fit best."""
        if self.scan is None or self.sources.shelf is None:
            return 0, []
        count, leads = 0, []
        for key_id, test in best.items():
            table = tag_table(test)
            if table is None:
                continue
            block = self.sources.shelf.tags(
                key_id, from_ns=self.scan.from_ns, until_ns=self.scan.until_ns
            )
            if not block.receipt_ids:
                continue
            tags = np.frombuffer(block.tags, dtype=np.uint8).reshape(len(block.receipt_ids), -1)
            ranked = attribute(table, tags, candidates=len(tags))
            leads += [(block.receipt_ids[one.index], Via.SCAN) for one in ranked]
            count += len(tags)
        return count, leads
