"""Chat templates: read, never rendered; the vectors say what becomes of each."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.documents import FileDigests
from audit.model import NamedFile, inspect_files
from tests.crafted import gguf
from tests.crafted.digests import look, why

VECTORS = sorted((Path(__file__).parents[2] / "vectors/model").glob("*.jinja"))
TRIGGERED = "{% for m in messages %}{% if 'login page' in m.content %}evil{% endif %}{% endfor %}"
NO_DIGESTS = FileDigests(size=0, blake3="blake3:" + "0" * 64, sha256="sha256:" + "0" * 64)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name)
@pytest.mark.parametrize("kept", ["jinja", "tokenizer_config", "gguf"])
def test_a_template_is_judged_the_same_wherever_it_is_kept(
    path: Path, kept: str, tmp_path: Path
) -> None:
    template = path.read_bytes()
    if kept == "jinja":
        (tmp_path / "chat_template.jinja").write_bytes(template)
    elif kept == "tokenizer_config":
        text = json.dumps({"chat_template": template.decode()})
        (tmp_path / "tokenizer_config.json").write_text(text)
    else:
        (tmp_path / "m.gguf").write_bytes(with_template(template))
    (file,) = look(tmp_path).values()
    assert (why(file) or "accepted") == path.name.split(".")[1]


def with_template(template: bytes, key: str = "tokenizer.chat_template") -> bytes:
    held = gguf.key(key, gguf.STRING, gguf.text(template))
    return gguf.Gguf(keys=(gguf.ARCHITECTURE, held)).bytes()


def test_the_words_a_template_looks_for_are_a_fact(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(with_template(TRIGGERED.encode()))
    (file,) = look(tmp_path).values()
    assert file.facts["chat_template_looks_for"] == "'login page'"


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        ("m.content.startswith('/think')", "'/think'"),
        ("m['content'] == 'x'", "'x'"),
        ("content.find('a') > content.find('b')", "'a' 'b'"),
        ("m.role == 'user'", None),
        ("m.content is string", None),
        ("raise_exception('bad: ' ~ m.content)", None),
    ],
)
def test_only_what_is_sought_in_content_counts(
    asks: str, words: str | None, tmp_path: Path
) -> None:
    (tmp_path / "t.jinja").write_text(f"{{% if {asks} %}}x{{% endif %}}")
    (file,) = look(tmp_path).values()
    assert file.facts.get("chat_template_looks_for") == words


def test_a_name_made_while_the_template_runs_is_not_seen(tmp_path: Path) -> None:
    made = "{% set name = ['_', '_class_', '_'] | join %}{{ messages[name] }}"
    (tmp_path / "t.jinja").write_text(made)
    (file,) = look(tmp_path).values()
    assert why(file) is None


def test_named_templates_are_all_read(tmp_path: Path) -> None:
    named = [{"name": "default", "template": "a"}, {"name": "tool_use", "template": "b"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    (tmp_path / "m.gguf").write_bytes(with_template(b"b", "tokenizer.chat_template.tool_use"))
    files = look(tmp_path)
    facts = files["tokenizer_config.json"].facts
    assert set(facts) == {"chat_template", "chat_template.tool_use"}
    assert files["m.gguf"].facts["chat_template.tool_use"] == facts["chat_template.tool_use"]


def test_more_templates_than_any_model_has_are_refused(tmp_path: Path) -> None:
    named = [{"name": str(number), "template": "a"} for number in range(17)]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    (file,) = look(tmp_path).values()
    assert why(file) == "template-invalid"


UNSAFE = "{{ x._y }}"


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (UNSAFE, "template-unsafe"),
        ({"default": "a", "rag": UNSAFE}, "template-unsafe"),
        ([{"name": "a", "template": "a"}, {"name": "b", "template": UNSAFE}], "template-unsafe"),
        ([{"name": "a", "template": UNSAFE}, {"name": "a", "template": "a"}], "key-duplicate"),
        ([{"template": [UNSAFE]}], "template-invalid"),
        ([UNSAFE], "template-invalid"),
        (7, "template-invalid"),
        (None, None),
        ([], None),
    ],
)
def test_a_template_is_found_however_a_configuration_keeps_it(
    kept: object, reason: str | None, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": kept}))
    (file,) = look(tmp_path).values()
    assert why(file) == reason


PIECES = ["{{", "}}", "{%", "%}", "{#", "#}", "for ", "if ", "in ", "x", "(", ")", "['", "']", "|"]
PIECES += ["'", "~", ".", "_", "endfor", "set a=", "-", "\n", "raw", "macro f()", "{"]


@given(text=st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_gets_an_answer(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "t.jinja"
    path.unlink(missing_ok=True)
    path.write_text(json.dumps({"chat_template": text}))
    named = NamedFile("tokenizer_config.json", path)
    (file,) = inspect_files([named], hash_file=lambda _: NO_DIGESTS).files
    assert why(file) in {None, "template-unsafe", "template-invalid"}


@pytest.mark.parametrize(
    "text", ["{{" * 30_000, "{% if x %}" * 6_000, "{{ x" + "|a" * 30_000 + " }}", "{# " * 20_000]
)
def test_a_template_bomb_is_refused_within_two_seconds(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.jinja").write_text(text)
    started = time.process_time()
    (file,) = look(tmp_path).values()
    assert time.process_time() - started < 2
    assert why(file) == "template-invalid"
