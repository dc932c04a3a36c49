"""Pickles and archives in every dress; what they would run is `true`. Never loaded."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from struct import pack

from tests.crafted import Case, one, safetensors

EVIL = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."
EVIL_0 = b"cposix\nsystem\n(Vtrue\ntR."
ONE = b"\x80\x02K\x01."
HARMLESS = b"\x80\x02}X\x01\0\0\0a]K\x01as."
HARMLESS_0 = b"(lp0\nI1\na."
STACKED = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
MEMO = (
    b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x94\x8c\x05print\x940h\x00h\x01\x93\x8c\x011\x85R."
)


def archive(method: int = zipfile.ZIP_STORED, **members: bytes) -> bytearray:
    """Return a ZIP archive; `_` in a name stands for a dot, `__` for a slash."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as made:
        for name, held in members.items():
            info = zipfile.ZipInfo(name.replace("__", "/").replace("_", "."))
            made.writestr(info, held, method)
    return bytearray(data.getvalue())


def torch(**more: bytes) -> bytearray:
    return archive(archive__data_pkl=EVIL, archive__version=b"3\n", **more)


def changed(data: bytearray, mark: bytes, offset: int, value: bytes) -> bytes:
    """Return `data` with `value` written `offset` after the first `mark`."""
    place = data.index(mark) + offset
    data[place : place + len(value)] = value
    return bytes(data)


def twice(name: str) -> bytes:
    data = archive(a_pkl=HARMLESS, b_pkl=EVIL)
    return bytes(data).replace(b"b.pkl", b"a.pkl") if name else bytes(data)


def array(descr: str, data: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\0" + pack("<H", len(header)) + header.encode() + data


def disguised() -> bytes:
    """Return a sound safetensors file that a pickle reader would run as well.

    Its header is 86 bytes long, and 86 is the opcode for a line of text.
    """
    program = b"0" * 2 + EVIL_0
    data = program.ljust(-(-len(program) // 4) * 4, b"0")
    entry = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    header = json.dumps({"a": entry}, separators=(",", ":"))[:-1]
    return safetensors.raw(header.ljust(84).encode() + b"\n}", data)


def _case(name: str, data: bytes, reason: str, detail: str) -> Case:
    return one(name, bytes(data), reason, detail)


CENTRAL = b"PK\x01\x02"

BAD = {
    "system call": _case("model.bin", EVIL, "pickle", "imports posix.system"),
    "harmless": _case("vocab.pkl", HARMLESS, "pickle", "a pickle"),
    "harmless, protocol 0": _case("x.pkl", HARMLESS_0, "pickle", "a pickle"),
    "protocol 0": _case("model.pt", EVIL_0, "pickle", "imports posix.system"),
    "name built from texts": _case("model.ckpt", STACKED, "pickle", "imports posix.system"),
    "name through the memo": _case("model.pth", MEMO, "pickle", "imports builtins.eval"),
    "nested": _case(
        "n.bin", b"\x80\x02cpickle\nloads\nB\x04\0\0\0abcd\x85R.", "pickle", "imports pickle.loads"
    ),
    "six imports": _case(
        "many.bin",
        b"\x80\x02" + b"".join(b"cm\nf%d\n0" % at for at in range(6)) + b"N.",
        "pickle",
        "m.f4 and 1 more",
    ),
    "second stream": _case("two.bin", ONE + EVIL, "pickle", "posix.system, in 2 streams"),
    "breaks off after it ran": _case(
        "torn.bin", EVIL[:-1] + b"\xff\xff\xff", "pickle-truncated", "posix.system, and breaks off"
    ),
    "breaks off at once": _case("stub.bin", b"\x80\x02\xff", "pickle-truncated", "and breaks off"),
    "name made while it runs": _case(
        "dyn.bin", b"\x80\x04NN\x93)R.", "pickle-hidden", "makes the name of an import"
    ),
    "extension code": _case("ext.bin", b"\x80\x02\x82\x01)R.", "pickle-hidden", "extension code 1"),
    "argument bomb": _case(
        "bomb.bin", b"\x80\x04\x8e" + pack("<Q", 2**62) + b"x", "pickle-truncated", "and breaks off"
    ),
    "breaks off in text": _case(
        "vocab.txt", EVIL_0[:-1] + b"\nthe\nrest\n", "pickle-truncated", "imports posix.system"
    ),
    "call without its arguments": _case(
        "few.bin", b"cposix\nsystem\nR.", "unknown-format", "named .bin"
    ),
    "name pushed twice": _case("dup.bin", b"\x80\x04\x8c\x02os2\x93)R.", "pickle", "imports os.os"),
    "name under a mark": _case(
        "mark.bin",
        b"\x80\x04\x8c\x02os\x8c\x06system(\x93)R.",
        "pickle-truncated",
        "finds too little",
    ),
    "called .safetensors": _case("m.safetensors", EVIL, "pickle", "posix.system"),
    "called .gguf": _case("m.gguf", EVIL, "pickle", "posix.system"),
    "called .onnx": _case("m.onnx", EVIL, "pickle", "posix.system"),
    "called .json": _case("config.json", EVIL_0, "pickle", "posix.system"),
    "called .txt": _case("vocab.txt", EVIL_0, "pickle", "posix.system"),
    "called nothing": _case("weights", EVIL, "pickle", "posix.system"),
    "sound safetensors and pickle": _case(
        "model.safetensors", disguised(), "pickle", "imports posix.system"
    ),
    "torch archive": _case("t.pt", torch(), "pickle", "member 'archive/data.pkl' is a pickle"),
    "torch archive called .safetensors": _case(
        "t.safetensors", torch(), "pickle", "member 'archive/data.pkl'"
    ),
    "torch archive, other member": _case(
        "t2.pt",
        archive(archive__data_pkl=HARMLESS, archive__weights_dat=EVIL),
        "pickle",
        "member 'archive/data.pkl'",
    ),
    "torch archive, deflated": _case(
        "t3.pt", archive(zipfile.ZIP_DEFLATED, archive__x_dat=EVIL), "pickle", "'archive/x.dat'"
    ),
    "torch archive, encrypted flag": _case(
        "t4.pt", changed(torch(), CENTRAL, 8, b"\1"), "zip-encrypted", "the encrypted member"
    ),
    "torch archive, flag in front only": _case(
        "t5.pt", changed(torch(), b"PK\x03\x04", 6, b"\1"), "zip-encrypted", "local header only"
    ),
    "torch archive, two names": _case(
        "t6.pt", changed(torch(), CENTRAL, 46, b"archive/data.txt"), "zip-name-mismatch", "data.txt"
    ),
    "torch archive, member twice": _case("t7.pt", twice("a.pkl"), "zip-duplicate", "'a.pkl'"),
    "torch archive, member above": _case(
        "t8.pt",
        bytes(archive(aa__data_pkl=EVIL)).replace(b"aa/data", b"../data"),
        "zip-name-unsafe",
        "'../data.pkl'",
    ),
    "torch archive, member elsewhere": _case(
        "t9.pt", changed(torch(), CENTRAL, 42, pack("<I", 2**31)), "zip-broken", "lies outside"
    ),
    "torch archive, directory torn": _case(
        "t10.pt", changed(torch(), CENTRAL, 30, b"\x99"), "zip-broken", "entries is cut off"
    ),
    "program archive": _case(
        "ts.pt", archive(code__model_py=b"x = 1\n", code__c_pkl=b""), "code", "'code/model.py'"
    ),
    "plain archive": _case("a.zip", archive(a_txt=b"hello"), "archive", "1 members, the first"),
    "archive without an end": _case(
        "b.zip", archive(a_txt=b"hello")[:-22], "archive", "ZIP without an end"
    ),
    "archive behind a safetensors": _case(
        "m.safetensors",
        safetensors.model("a") + torch(),
        "polyglot",
        "member 'archive/data.pkl' is a pickle",
    ),
    "archive inside the last tensor": _case(
        "last.safetensors",
        safetensors.file({"a": safetensors.entry(0, 0, [0]) | {"dtype": "U8"}}) + torch(),
        "polyglot",
        "ends as an archive",
    ),
    "archive behind a document": _case(
        "README.md", b"# Hello\n" + archive(a_txt=b"hello"), "polyglot", "ends as an archive"
    ),
    "array of objects": _case("a.npy", array("'|O'", EVIL), "pickle", "a NumPy array of objects"),
    "array with an object field": _case(
        "f.npy", array("[('x', '<f4'), ('y', '|O')]", EVIL), "pickle", "NumPy array of objects"
    ),
    "bundle with objects": _case(
        "a.npz", archive(a_npy=array("'|O'", EVIL)), "pickle", "member 'a.npy' is a NumPy array"
    ),
    "gzip": _case("m.joblib", gzip.compress(EVIL, mtime=0), "pickle", "gzip data around a pickle"),
    "zlib": _case("m.z", zlib.compress(EVIL), "pickle", "zlib data around a pickle"),
    "bzip2": _case("m.bz2", bz2.compress(EVIL), "pickle", "bzip2 data around a pickle"),
    "xz": _case("m.xz", lzma.compress(EVIL), "pickle", "xz data around a pickle"),
    "gzip of something else": _case("m.gz", gzip.compress(b"hi", mtime=0), "archive", "gzip data"),
    "zstd": _case("m.zst", b"\x28\xb5\x2f\xfd" + bytes(20), "archive", "zstd data"),
    "tar": _case("m.tar", bytes(257) + b"ustar\0" + b"00".ljust(249, b"\0"), "archive", "a tar"),
    "array of numbers": _case("n.npy", array("'<f4'", bytes(4)), "unknown-format", "a NumPy array"),
}
