"""OSCAL catalog: the items of a report as controls, so that results can point at them."""

from audit.documents import Report, ReportGroup, ReportItem
from audit.report._language import Language, in_language
from audit.report.formats._oscal import (
    Value,
    control_id,
    metadata,
    objective_id,
    prop,
    title_of,
    uuid_of,
    written,
)


def oscal_catalog(report: Report, language: Language) -> bytes:
    """Return the catalog; every wording is ours, as the catalogues say."""
    catalog = {
        "uuid": uuid_of(report, "catalog"),
        "metadata": metadata(report, title_of(report, language)),
        "groups": [_group(report, group, language) for group in report.groups if group.items],
    }
    return written("catalog", catalog)


def _group(report: Report, group: ReportGroup, language: Language) -> Value:
    return {
        "id": f"{report.kind}-group-{group.id}",
        "class": "domain" if report.kind == "mlps" else "chapter",
        "title": in_language(group.title, language),
        "controls": [_control(report, item, language) for item in group.items],
    }


def _control(report: Report, item: ReportItem, language: Language) -> Value:
    name = control_id(report, item)
    props = [{"name": "label", "value": item.id}, prop("share", item.share)]
    if item.unit is not None:
        props.append(prop("assessment-unit", item.unit))
    cited = ", ".join(item.evidence) or "-"
    return {
        "id": name,
        "class": "requirement",
        "title": in_language(item.control_title, language),
        "props": props,
        "parts": [
            {
                "id": f"{name}_smt",
                "name": "statement",
                "prose": in_language(item.text, language),
            },
            {
                "id": objective_id(report, item),
                "name": "assessment-objective",
                "prose": f"Evidence for {item.id} is on record, by the queries {cited}.",
            },
        ],
    }
