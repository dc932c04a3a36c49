"""A root key in a device: SoftHSM stands for one, and the keys are those of the file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, InputMissing, UsageError
from audit.watermark import open_root

MODULES = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
]
MODULE = next((path for path in MODULES if Path(path).exists()), "")
URI = f"pkcs11:token=marks;object=root?module-path={MODULE}"

# A module is loaded once per process and reads its configuration then.
SCRIPT = """
import sys
from pathlib import Path
import pkcs11
from audit.watermark import LocalRoot, derive_epoch, open_root, stored_secret
uri, pin = sys.argv[1], Path(sys.argv[2])
local = LocalRoot(bytes(range(32)))
session = pkcs11.lib(uri.partition("module-path=")[2]).get_token(
    token_label="marks").open(user_pin="1234", rw=True)
session.create_object({
    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
    pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.GENERIC_SECRET,
    pkcs11.Attribute.LABEL: "root", pkcs11.Attribute.TOKEN: True,
    pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False,
    pkcs11.Attribute.SIGN: True, pkcs11.Attribute.VALUE: stored_secret(local)})
session.close()
root = open_root(uri, pin_file=pin)
for length in (1, 32, 33, 100):
    assert root.derive(b"info", length) == local.derive(b"info", length), length
assert derive_epoch(root, "sha256:" + "1" * 64, "e") == derive_epoch(
    local, "sha256:" + "1" * 64, "e")
root.close()
pin.write_text("9999")
for name in (uri, uri.replace("object=root", "object=other"), uri.replace("marks", "other")):
    try:
        open_root(name, pin_file=pin)
    except Exception as exc:
        assert type(exc).__name__ == "ConfigError", repr(exc)
        assert "9999" not in str(exc)
    else:
        raise SystemExit("accepted " + name)
print("ok")
"""


@pytest.mark.slow
def test_a_root_in_a_device_derives_what_the_file_derives(tmp_path: Path) -> None:
    if not MODULE or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (apt install softhsm2)")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    environ = os.environ | {"SOFTHSM2_CONF": str(tmp_path / "conf")}
    made = ["softhsm2-util", "--init-token", "--free", "--label", "marks"]
    subprocess.run(
        [*made, "--pin", "1234", "--so-pin", "5678"], env=environ, check=True, capture_output=True
    )
    pin = tmp_path / "pin"
    pin.write_text("1234\n")
    pin.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, URI, str(pin)],
        env=environ, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout == "ok\n", done.stderr


def test_a_pin_that_others_can_read_is_refused(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234\n")
    pin.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read this PIN") as caught:
        open_root("pkcs11:token=a;object=b?module-path=/x", pin_file=pin)
    assert "1234" not in str(caught.value)


def test_a_device_that_is_not_there_and_a_uri_that_names_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be had"):
        open_root("pkcs11:token=a;object=b?module-path=/nowhere.so")
    with pytest.raises(UsageError, match="does not name a token"):
        open_root("pkcs11:token=a")
    with pytest.raises(InputMissing):
        open_root("nowhere", folder=tmp_path)
