"""A gate that trusts identities: what a CI job signed without a key opens it, and nobody else."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.ledger import open_ledger
from tests.commandline import Commandline, Ended
from tests.releasekit import lay_out
from tests.sigstack.server import Server
from tests.sigstack.stack import EMAIL

JOB = "https://ci.example/acme/model/.github/workflows/release.yml@refs/heads/main"
ANY_JOB = r"https://ci\.example/acme/model/.*"
Spec = dict[str, Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server().serving() as server:
        yield server


@pytest.fixture
def unsigned(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Commandline
) -> str:
    """A release that nobody signed; its folder is the working directory."""
    folder = lay_out(tmp_path / "r")
    monkeypatch.chdir(folder)
    assert run("audit release init . --model-id acme/support").code == 0
    made = run("audit release run RELEASE.toml --unsigned")
    assert made.code == 10
    server.write_config(folder)
    return "out/layout@" + re.findall(r"sha256:[0-9a-f]{64}", made.out)[0]


def sign(server: Server, run: Commandline, artifact: str, *, options: str = "", **who: Any) -> None:
    Path("token").write_text(server.token(**(who or {"email": None, "sub": JOB})), "utf-8")
    version = 1 if "legacy" in options else 2
    ended = run(
        f"audit sign image {artifact} --keyless --trust-config client_config_v{version}.json "
        f"--identity-token token {options}"
    )
    assert ended.code == 0, ended


def trusting(change: Callable[[Spec], object]) -> None:
    """Write the policy anew, with another `spec`."""
    policy = yaml.safe_load(Path("policy.yaml").read_text("utf-8"))
    change(policy["spec"])
    Path("policy.yaml").write_text(yaml.safe_dump(policy, allow_unicode=True), "utf-8")


def trust(server: Server, **named: str) -> Callable[[Spec], object]:
    """Return a change that trusts one identity, under the private root, and no key."""
    identity = {"id": "ci", "issuer": server.stack.url, **named}
    root = json.dumps(server.stack.trusted_root())
    return lambda spec: spec.update(keys=[], identities=[identity], trusted_root=root)


def check(run: Commandline, artifact: str) -> Ended:
    return run(f"audit gate check {artifact} --policy policy.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"identity": JOB}, {"identity_regexp": ANY_JOB}])
@pytest.mark.parametrize("options", ["", "--layout legacy"])
def test_what_the_named_job_signed_is_allowed(
    server: Server, run: Commandline, unsigned: str, how: dict[str, str], options: str
) -> None:
    trusting(trust(server, **how))
    assert check(run, unsigned).code == 10
    sign(server, run, unsigned, options=options)
    ended = check(run, unsigned)
    assert ended.code == 0, ended
    with open_ledger("out/ledger.db") as ledger:
        [*_, decided] = ledger.entries(type="gate.decided")
    [signature] = decided.event.facts["signatures"]
    assert signature["signer"] == "ci"
    assert signature["identity"] == JOB
    assert signature["issuer"] == server.stack.url
    assert signature["log"]["index"].isdigit()
    assert signature["times_ns"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({"identity": JOB.replace("main", "topic")}, "signed by"),
        ({"identity": JOB, "issuer": "https://other.example"}, "signed by"),
        ({"identity_regexp": r"https://ci\.example/acme"}, "signed by"),
    ],
)
def test_what_somebody_else_signed_is_denied(
    server: Server, run: Commandline, unsigned: str, named: dict[str, str], reason: str
) -> None:
    sign(server, run, unsigned)
    trusting(trust(server, **named))
    ended = check(run, unsigned)
    assert ended.code == 10, ended
    assert "no verified signature" in ended.out
    assert reason in ended.out


@pytest.mark.slow
def test_another_root_than_the_one_that_issued_the_certificate_is_denied(
    server: Server, run: Commandline, unsigned: str
) -> None:
    sign(server, run, unsigned)
    trusting(trust(server, identity=JOB))
    trusting(lambda spec: spec.pop("trusted_root"))  # the bundled, public one
    assert check(run, unsigned).code == 10


@pytest.mark.slow
def test_a_key_and_an_identity_stand_side_by_side(
    server: Server, run: Commandline, unsigned: str
) -> None:
    identity = {"id": "ci", "issuer": server.stack.url, "identity": JOB}
    root = json.dumps(server.stack.trusted_root())
    trusting(lambda spec: spec.update(identities=[identity], trusted_root=root))
    assert check(run, unsigned).code == 10
    sign(server, run, unsigned)
    assert check(run, unsigned).code == 0
    named = [{"rule": "unsigned-model", "with": {"any_of": ["release-key"]}}]
    trusting(lambda spec: spec.update(rules=named + spec["rules"][1:]))
    ended = check(run, unsigned)
    assert ended.code == 10
    assert "signed by ci, which this rule does not name" in ended.out
    assert run(f"audit sign image {unsigned} --key keys/release.key").code == 0
    assert check(run, unsigned).code == 0


@pytest.mark.slow
def test_a_signature_in_the_older_form_counts_until_its_tag_is_removed(
    run: Commandline, unsigned: str
) -> None:
    signing = f"audit sign image {unsigned} --key keys/release.key --layout legacy"
    assert run(signing).code == 0
    assert check(run, unsigned).code == 0
    index = Path("out/layout/index.json")
    value = json.loads(index.read_bytes())
    value["manifests"] = [
        one
        for one in value["manifests"]
        if not one.get("annotations", {})
        .get("org.opencontainers.image.ref.name", "")
        .endswith(".sig")
    ]
    index.write_text(json.dumps(value), "utf-8")
    ended = check(run, unsigned)
    assert ended.code == 10
    assert "no verified signature" in ended.out


@pytest.mark.slow
def test_an_address_that_signed_does_not_stay_in_the_ledger(
    server: Server, run: Commandline, unsigned: str
) -> None:
    sign(server, run, unsigned, options="--allow-email", email=EMAIL)
    trusting(trust(server, identity=EMAIL))
    assert check(run, unsigned).code == 0
    assert EMAIL.encode() not in Path("out/ledger.db").read_bytes()
    with open_ledger("out/ledger.db") as ledger:
        [*_, decided] = ledger.entries(type="gate.decided")
    assert decided.event.facts["signatures"][0]["signer"] == "ci"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda spec: spec.update(keys=[]), "name whose signature counts"),
        (lambda spec: spec.update(trusted_root="{}"), "trusted_root serves identities"),
        (lambda spec: spec.update(identities=[{"id": "ci", "issuer": "https://i"}]), "either"),
        (
            lambda spec: spec.update(
                identities=[{"id": "release-key", "issuer": "https://i", "identity": "https://a"}]
            ),
            "'release-key' is named twice",
        ),
        (
            lambda spec: spec.update(
                identities=[{"id": "ci", "issuer": "https://i", "identity_regexp": r"(a)\1"}]
            ),
            "no pattern that is read",
        ),
        (
            lambda spec: spec.update(
                identities=[{"id": "ci", "issuer": "https://i", "identity": "https://a"}],
                trusted_root="{}",
            ),
            "policy trusted_root",
        ),
    ],
)
def test_a_policy_that_trusts_nobody_in_particular_is_refused(
    run: Commandline, unsigned: str, change: Callable[[Spec], object], says: str
) -> None:
    trusting(change)
    ended = check(run, unsigned)
    assert ended.code == 2, ended
    assert says in ended.err
