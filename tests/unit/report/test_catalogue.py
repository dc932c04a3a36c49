"""The catalogues: whole, in both languages, and every id in them leads somewhere."""

from collections import Counter

import pytest

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.core.resources import shelf
from audit.report import QUERIES, catalogues
from audit.report._catalogue import FILES, read_catalogues


def files() -> dict[str, bytes]:
    return {name: shelf("reports").joinpath("controls", name).read_bytes() for name in FILES}


def test_all_211_level_3_items_are_there_by_domain() -> None:
    found = catalogues().mlps
    counts = [sum(len(point.items) for point in domain.controls) for domain in found.domains]
    assert counts == [22, 8, 20, 34, 12, 7, 14, 12, 34, 48]
    assert sum(counts) == 211


def test_items_are_shared_out_as_the_catalogue_says() -> None:
    items = [i for d in catalogues().mlps.domains for p in d.controls for i in p.items]
    scopes = Counter(item.scope for item in items)
    assert scopes == {"tool": 16, "shared": 76, "attestation": 59, "platform": 60}


def test_40_provisions_53_queries_and_34_lines_of_other_frameworks_are_there() -> None:
    found = catalogues()
    assert Counter(one.tier for one in found.gdpr.provisions) == {
        "evidence": 12,
        "partial": 17,
        "context": 11,
    }
    assert len(found.queries) == 53
    # 33 provisions; the log-keeping article of the Cybersecurity Law has two numbers.
    assert sum(len(group.items) for group in found.beyond) == 34


def test_every_query_in_the_table_is_described() -> None:
    assert set(QUERIES) <= {query.id for query in catalogues().queries}


def test_unit_codes_follow_the_known_gap_and_stay_out_where_unconfirmed() -> None:
    items = [i for d in catalogues().mlps.domains for p in d.controls for i in p.items]
    units = [item.unit for item in items if item.unit is not None]
    assert "L3-CES1-16" not in units
    assert len(units) == len(set(units)) == 96
    for domain in catalogues().mlps.domains[5:]:
        assert all(item.unit is None for point in domain.controls for item in point.items)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("gdpr.yaml", "- sign.rekor", "- sign.recor", "unknown query 'sign.recor'"),
        ("gdpr.yaml", "tier: evidence", "tier: whole", "tier"),
        ("gdpr.yaml", "articles: 44-50", "articles: 45-50", "GDPR 44 is not in one chapter"),
        ("evidence-queries.yaml", "id: vuln.open", "id: sbom.present", "'sbom.present' is there"),
        ("fields.yaml", "    text:\n      en: The", "    text:\n      fr: The", "fields"),
        ("claims.yaml", "schema: audit.claims/v1", "schema: audit.claims/v2", "schema"),
    ],
)
def test_a_wrong_catalogue_is_refused_by_name(name: str, old: str, new: str, said: str) -> None:
    wrong = files()
    assert old.encode() in wrong[name]
    wrong[name] = wrong[name].replace(old.encode(), new.encode(), 1)
    with pytest.raises(ConfigError, match=said):
        read_catalogues(wrong)


def test_the_digest_covers_every_file() -> None:
    seen = {read_catalogues(files()).digest}
    for name in FILES:
        changed = files()
        changed[name] += b"# a comment\n"
        seen.add(read_catalogues(changed).digest)
    assert len(seen) == len(FILES) + 1


@pytest.mark.parametrize("name", [*(f"controls/{name}" for name in FILES), "words.yaml"])
def test_both_yaml_parsers_read_the_shipped_files_alike(name: str) -> None:
    data = shelf("reports").joinpath(*name.split("/")).read_bytes()
    fast = strict_yaml.loads(data, source=name, shipped=True)
    assert fast == strict_yaml.loads(data, source=name)
