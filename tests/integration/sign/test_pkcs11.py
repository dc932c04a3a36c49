"""Keys in a device: SoftHSM stands for one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, UsageError
from audit.sign.keys import open_device_key

MODULE = next(
    (
        path
        for path in (
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
        )
        if Path(path).exists()
    ),
    "",
)
PIN = b"1234"

# A module is loaded once per process and reads its configuration then: each case is a process.
SCRIPT = """
import sys
from audit.sign import sign_statement, signature_statement, verify_bundle
from audit.sign.keys import open_device_key
from tests.sigkit.bundles import DIGEST, SIGN
import pkcs11
uri, kind = sys.argv[1:]
session = pkcs11.lib(sys.argv[1].partition("module-path=")[2]).get_token(
    token_label="release").open(user_pin="1234", rw=True)
if kind == "rsa":
    session.generate_keypair(pkcs11.KeyType.RSA, 2048, label="signing", store=True)
else:
    from pkcs11.util.ec import encode_named_curve_parameters
    made = session.create_domain_parameters(pkcs11.KeyType.EC, {
        pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(kind)}, local=True)
    made.generate_keypair(label="signing", store=True)
session.close()
key = open_device_key(uri, pin=b"1234")
bundle = sign_statement(signature_statement(DIGEST), key)
found = verify_bundle(bundle, digest=DIGEST, keys=[key.public], predicate_type=SIGN)
assert found.key == key.public
key.close()
for wrong, pin in ((uri, b"9999"), (uri.replace("object=signing", "object=other"), b"1234"),
                   (uri.replace("token=release", "token=other"), b"1234")):
    try:
        open_device_key(wrong, pin=pin)
    except Exception as exc:
        assert type(exc).__name__ == "ConfigError", repr(exc)
    else:
        raise SystemExit("accepted " + wrong)
print("ok")
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment with a token of its own."""
    if not MODULE or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (apt install softhsm2)")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    environ = os.environ | {"SOFTHSM2_CONF": str(tmp_path / "conf")}
    made = ["softhsm2-util", "--init-token", "--free", "--label", "release"]
    pins = ["--pin", PIN.decode(), "--so-pin", "5678"]
    subprocess.run([*made, *pins], env=environ, check=True, capture_output=True)
    return environ


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["secp256r1", "secp384r1", "rsa"])
def test_a_key_in_a_device_signs(environ: dict[str, str], kind: str) -> None:
    uri = f"pkcs11:token=release;object=signing?module-path={MODULE}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, uri, kind],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout == "ok\n", done.stderr


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=a",
        "pkcs11:token=a;object=b",
        "pkcs11:object=b?module-path=/x",
        "pkcs11:token=a;object=b?module-path=/x&pin-value=1234",
        "pkcs11:token=a;token=b;object=c?module-path=/x",
        "pkcs11:token=a;object=b?module-path=/x#y",
    ],
)
def test_a_uri_that_names_no_key_is_refused_without_its_pin(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_device_key(uri, pin=PIN)
    assert "1234" not in str(caught.value) + str(caught.value.hint)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="cannot be had"):
        open_device_key("pkcs11:token=a;object=b?module-path=/nowhere.so", pin=PIN)
