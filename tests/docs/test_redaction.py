"""The redaction pages match the tables they describe."""

from tools import redaction_entities


def test_entity_page_is_what_the_tables_say() -> None:
    assert redaction_entities.PAGE.read_text("utf-8") == redaction_entities.text()
