"""The program that is handed out: one file, nothing but Python, the library's signatures."""

import ast
import hashlib
import re
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.standalone import FIXED_FILES, mldsa_verifies, program, verifies


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 511))
def test_its_ed25519_is_that_of_the_library(message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = bytearray(private.sign(message))
    assert verifies(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verifies(public, message, bytes(signature))


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 2420 * 8 - 1))
def test_its_ml_dsa_44_is_that_of_the_library(seed: bytes, message: bytes, bit: int) -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = bytearray(private.sign(message))
    assert mldsa_verifies(public, message, bytes(signature))
    assert not mldsa_verifies(public, message + b"x", bytes(signature))
    assert not mldsa_verifies(public, message, bytes(signature[:-1]))
    signature[bit // 8] ^= 1 << bit % 8
    assert not mldsa_verifies(public, message, bytes(signature))


def test_hints_of_ml_dsa_in_another_spelling_are_no_signature() -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public, good = private.public_key().public_bytes_raw(), private.sign(b"m")
    hints = good[2336:]
    ends = hints[80:]
    assert ends[3] < 80  # there is padding to be spoiled
    swapped = bytes([hints[1], hints[0]]) + hints[2:]
    padded = hints[: ends[3]] + b"\1" + hints[ends[3] + 1 :]
    for bad in (swapped, padded, hints[:80] + bytes([81, *ends[1:]]), hints[:80] + ends[::-1]):
        assert not mldsa_verifies(public, b"m", good[:2336] + bad)


def test_it_is_one_file_that_imports_the_standard_library_alone() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(program()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported
    assert imported <= sys.stdlib_module_names


def test_it_knows_the_pages_that_come_with_it() -> None:
    for name, text in FIXED_FILES.items():
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert f'"{name}": "{digest}"' in program()
    assert not re.search('"@', program())


def test_no_name_stands_for_two_things_in_the_one_file() -> None:
    names = [
        name
        for node in ast.parse(program()).body
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [one.id for one in node.targets if isinstance(one, ast.Name)]
            if isinstance(node, ast.Assign)
            else []
        )
    ]
    assert sorted(set(names)) == sorted(names)
