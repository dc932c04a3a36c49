"""SentencePiece models: a protobuf with a vocabulary, which is configuration.

Source: sentencepiece_model.proto (proto2). Extensions (fields from 200 up) are
refused as unknown: they can hold anything.
"""

import re

from audit.documents import FileRole
from audit.model._refused import Refused
from audit.model._source import Source
from audit.model._wire import Field, Schema, Walker, Wire
from audit.model.formats._reading import Reading
from audit.model.formats.text import read_lines

MAX_SIZE = 64 << 20
TIKTOKEN = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d+\r?\n")


def _fields(names: str, wire: Wire) -> dict[int, Field]:
    """Return fields from a line of `number:name`; a `*` marks a repeated one."""
    found = {}
    for item in names.split():
        number, _, name = item.partition(":")
        found[int(number)] = Field(name.removesuffix("*"), wire, repeated=name.endswith("*"))
    return found


SCHEMA: Schema = {
    "Model": {
        1: Field("pieces", Wire.LENGTH, repeated=True, message="Piece"),
        2: Field("trainer_spec", Wire.LENGTH, message="Trainer"),
        3: Field("normalizer_spec", Wire.LENGTH, message="Normalizer"),
        4: Field("self_test_data", Wire.LENGTH, message="SelfTest"),
        5: Field("denormalizer_spec", Wire.LENGTH, message="Normalizer"),
    },
    "Piece": _fields("1:piece", Wire.LENGTH)
    | _fields("2:score", Wire.FIXED32)
    | _fields("3:type", Wire.VARINT),
    "Trainer": _fields(
        "1:input* 2:model_prefix 5:accept_language* 7:input_format 30:control_symbols*"
        " 31:user_defined_symbols* 36:required_chars 44:unk_surface 45:unk_piece 46:bos_piece"
        " 47:eos_piece 48:pad_piece 53:pretokenization_delimiter 54:seed_sentencepieces_file",
        Wire.LENGTH,
    )
    | _fields(
        "10:character_coverage 15:shrinking_factor 51:differential_privacy_noise_level",
        Wire.FIXED32,
    )
    | _fields(
        "3:model_type 4:vocab_size 6:self_test_sample_size 11:input_sentence_size"
        " 12:mining_sentence_size 13:training_sentence_size 14:seed_sentencepiece_size"
        " 16:num_threads 17:num_sub_iterations 18:max_sentence_length 19:shuffle_input_sentence"
        " 20:max_sentencepiece_length 21:split_by_unicode_script 22:split_by_whitespace"
        " 23:split_by_number 24:treat_whitespace_as_suffix 25:split_digits"
        " 26:allow_whitespace_only_pieces 32:vocabulary_output_piece_score 33:hard_vocab_limit"
        " 34:use_all_vocab 35:byte_fallback 40:unk_id 41:bos_id 42:eos_id 43:pad_id"
        " 49:train_extremely_large_corpus 50:enable_differential_privacy"
        " 52:differential_privacy_clipping_threshold 55:auto_character_coverage",
        Wire.VARINT,
    ),
    "Normalizer": _fields("1:name 2:precompiled_charsmap 6:normalization_rule_tsv", Wire.LENGTH)
    | _fields("3:add_dummy_prefix 4:remove_extra_whitespaces 5:escape_whitespaces", Wire.VARINT),
    "SelfTest": {1: Field("samples", Wire.LENGTH, repeated=True, message="Sample")},
    "Sample": _fields("1:input 2:expected", Wire.LENGTH),
}


def read_tokenizer_model(source: Source) -> Reading:
    """Return a tokenizer named `.model`: SentencePiece's, or tiktoken's in lines of text.

    Raises:
        Refused: the file breaks a rule of docs/model-formats.md.
    """
    if TIKTOKEN.match(source.head(512)):
        return read_lines(source)
    return read_sentencepiece(source)


def read_sentencepiece(source: Source) -> Reading:
    """Return how many pieces a SentencePiece model has.

    Raises:
        Refused: the file breaks a rule of docs/model-formats.md.
    """
    if source.size > MAX_SIZE:
        raise Refused("document-too-large", f"{source.size} bytes; at most {MAX_SIZE}")
    walker = Walker(source, SCHEMA)
    model = walker.top("Model")
    pieces = 0
    for found in walker.fields(model):
        pieces += found.name == "pieces"
        walker.check(walker.inside(found, model))
    if not pieces:
        raise Refused("model-incomplete", "the model holds no pieces")
    return Reading("sentencepiece", FileRole.CONFIG, {"pieces": str(pieces)})
