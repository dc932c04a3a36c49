"""What is signed with the right key, recorded and whole, and still is not one model to everybody."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.documents import FileRole, Outcome
from audit.oci import FILE_PATH, LAYER_TYPES, Descriptor
from audit.release import Options, init
from audit.release import run as release
from tests.commandline import Commandline, Ended
from tests.releasekit import lay_out
from tests.releasekit.forge import Forge

CONFIG_LAYER = LAYER_TYPES[FileRole.CONFIG]
Change = Callable[[Forge], object]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = lay_out(tmp_path_factory.mktemp("forged") / "r")
    started = init(folder, model_id="acme/support", log_name="ledger.internal")
    done = release(started.recipe, Options(out=folder / "out"))
    assert done.verdict.outcome is Outcome.ALLOW
    return folder


@pytest.fixture
def forge(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    shutil.copytree(released, tmp_path / "r")
    monkeypatch.chdir(tmp_path / "r")
    return Forge(tmp_path / "r")


def check(forge: Forge, run: Commandline) -> Ended:
    return run(f"audit gate check {forge.release()} --policy policy.yaml")


def test_an_artifact_made_by_other_means_with_nothing_wrong_is_allowed(
    forge: Forge, run: Commandline
) -> None:
    assert check(forge, run).code == 0


def _weights(forge: Forge) -> dict[str, object]:
    return forge.layer("model.gguf")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: _weights(f).update(size=1), "model.gguf has 160 bytes, and the manifest says 1"),
        (lambda f: f.manifest["config"].update(size=9), "config has "),
        (
            lambda f: _weights(f).update(mediaType="application/vnd.cncf.model.weight.v1.tar+gzip"),
            "which some clients unpack",
        ),
        (
            lambda f: f.manifest["config"].update(mediaType="application/vnd.oci.image.config.v1+json"),
            "config is of type",
        ),
        (
            lambda f: f.configure(modelfs={"type": "layers", "diffIds": f.diff_ids()[::-1]}),
            "lists other layers",
        ),
        (lambda f: f.configure(modelfs={"type": "tar", "diffIds": f.diff_ids()}), "no modelfs"),
        (lambda f: f.configure(modelfs=None), "no modelfs"),
        (lambda f: f.replace_config(b"\0"), "config cannot be read"),
        (lambda f: f.replace_config(b"[]"), "config cannot be read"),
        (lambda f: f.replace_config(b'{"modelfs":{},"modelfs":{}}'), "duplicate key"),
        (lambda f: _weights(f).pop("annotations"), "has no annotation"),
    ],
)  # fmt: skip
def test_parts_that_say_different_things_are_a_denial(
    forge: Forge, run: Commandline, change: Change, said: str
) -> None:
    change(forge)
    ended = check(forge, run)
    assert ended.code == 10, ended
    assert "deny[malformed-artifact]" in ended.out
    assert said in ended.out


CARD = "---\n{}\n---\n\n# A card\n"
KEPT = 'base_model: "org/base"'


def _annotate(forge: Forge, **members: str) -> None:
    forge.manifest["annotations"] |= {k.replace("__", "."): v for k, v in members.items()}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: _annotate(f, ai__hf__finetune__base_model="evil/x"), "the manifest says finetune.base_model is 'evil/x', the ledger 'org/base'"),
        (lambda f: _annotate(f, ai__hf__eval__safety="1"), "which the ledger does not record"),
        (lambda f: f.manifest["annotations"].pop("ai.hf.eval.loss"), "does not say that eval.loss"),
        (lambda f: _annotate(f, org__opencontainers__image__title="acme/other"), "the manifest says model.id is 'acme/other'"),
        (lambda f: f.configure(descriptor={"name": "acme/other", "version": "1.0.0"}), "the configuration says model.id"),
        (lambda f: f.put("README.md", CARD.format('base_model: "evil/x"').encode()), "the model card says finetune.base_model"),
        (lambda f: f.put("README.md", CARD.format("eval: {accuracy: 0.99}").encode()), "the model card says eval.accuracy is '0.99'"),
        (lambda f: f.put("README.md", CARD.format("eval: [a, b]").encode()), "the model card says eval is"),
        (lambda f: f.put("README.md", CARD.format("a: *b").encode()), "the model card cannot be gone by"),
        (lambda f: f.put("README.md", b"# No front matter\n"), "the model card does not say"),
        (lambda f: f.manifest["layers"].remove(f.layer("README.md")), "the model card is missing"),
    ],
)  # fmt: skip
def test_a_carrier_that_says_something_else_than_the_ledger_is_a_denial(
    forge: Forge, run: Commandline, change: Change, said: str
) -> None:
    change(forge)
    ended = check(forge, run)
    assert ended.code == 10, ended
    assert "deny[carrier-drift]" in ended.out
    assert said in ended.out


def test_a_file_under_a_path_that_leaves_the_model_is_a_denial(
    forge: Forge, run: Commandline
) -> None:
    _weights(forge)["annotations"] = {FILE_PATH: "../../model.gguf"}
    ended = check(forge, run)
    assert ended.code == 10
    assert "name-unsafe" in ended.out


def test_a_chat_template_that_the_policy_does_not_name_is_a_denial(
    forge: Forge, run: Commandline
) -> None:
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer = json.dumps({"chat_template": template}).encode()
    added = forge.layout.add_blob(tokenizer, media_type=CONFIG_LAYER)
    named = Descriptor(
        CONFIG_LAYER, added.digest, added.size, annotations={FILE_PATH: "tokenizer_config.json"}
    )
    forge.manifest["layers"].append(named.json())
    forge.configure(modelfs={"type": "layers", "diffIds": forge.diff_ids()})
    place, policy = forge.release(), forge.folder / "policy.yaml"
    asked = policy.read_text("utf-8")
    assert run(f"audit gate check {place} --policy policy.yaml").code == 0
    for digest, code in ((hashlib.sha256(template.encode()).hexdigest(), 0), ("0" * 64, 10)):
        allowed = f"        templates: ['sha256:{digest}']\n        formats:"
        policy.write_text(asked.replace("        formats:", allowed), "utf-8")
        assert run(f"audit gate check {place} --policy policy.yaml").code == code


def test_other_metrics_in_a_card_are_not_compared(forge: Forge, run: Commandline) -> None:
    card = forge.layout.blob(forge.layer("README.md")["digest"], limit=1 << 20).decode()
    index = "model-index: [{name: x, results: [{metrics: [{type: accuracy, value: 0.99}]}]}]\n"
    forge.put("README.md", card.replace("---\n", "---\n" + index, 1).encode())
    assert check(forge, run).code == 0
