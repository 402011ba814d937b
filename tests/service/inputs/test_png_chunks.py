"""What stands beside the pixels of a PNG changes nothing of them, or is the reason for a refusal."""

import struct
import time
import zlib

import imagecodecs
import numpy as np
import pytest

from service.errors import UnsupportedMediaTypeError, UnusableError
from service.inputs.png import without_large_texts
from tests.service.inputs.comparisons import require_same, seen
from tests.service.inputs.pictures import chunk, photo, png

_LETTERS = zlib.compress(b"a" * 2_000_000)
_LARGE = {
    "zTXt": chunk(b"zTXt", b"Comment\0\0" + _LETTERS),
    "iTXt": chunk(b"iTXt", b"Comment\0\1\0\0\0" + _LETTERS),
    "iTXt, as it is": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"a" * 2_000_000),
    "tEXt": chunk(b"tEXt", b"Comment\0" + b"a" * 2_000_000),
    "profile": chunk(b"iCCP", b"wide\0\0" + _LETTERS),
    "many": chunk(b"tEXt", b"Comment\0" + b"a" * 50_000) * 1_400,
    "many bombs": chunk(b"zTXt", b"Comment\0\0" + _LETTERS) * 5_000,
    "many that unpack": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 1_000_000)) * 1_000,
}


def picture(chunks: bytes = b"", after: bytes = b"") -> bytes:
    whole = png(photo().astype(np.int64), 8, 2, chunks=chunks)
    return whole[:-12] + after + whole[-12:]


@pytest.mark.parametrize("name", _LARGE)
def test_a_large_text_or_profile_is_left_out(name: str) -> None:
    require_same(picture(_LARGE[name]), photo(), most=0)
    require_same(picture(after=_LARGE[name]), photo(), most=0)


def test_of_many_large_texts_only_the_first_is_unpacked() -> None:
    began = time.process_time()
    seen(picture(_LARGE["many bombs"]))
    assert time.process_time() - began < 1  # each takes a millisecond to unpack to a megabyte


def test_a_large_profile_takes_its_gamma_along() -> None:
    gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
    require_same(picture(gamma + _LARGE["profile"]), photo(), most=0)
    assert np.abs(seen(picture(gamma)) - seen(picture())).max() > 10


def test_small_texts_stay_for_they_may_say_how_the_camera_was_held() -> None:
    xmp = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    held = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    stored = np.ascontiguousarray(photo().swapaxes(0, 1)[::-1]).astype(np.int64)
    for chunks in (held, held + _LARGE["zTXt"], _LARGE["tEXt"] + held):
        require_same(png(stored, 8, 2, chunks=chunks), photo(), most=0)


def test_what_has_no_large_text_is_not_copied() -> None:
    for content in (picture(), picture(chunk(b"tEXt", b"Comment\0small")), b"", b"\x89PNG\r\n\x1a\n", b"tEXt"):
        assert without_large_texts(content) is content


@pytest.mark.parametrize(("code", "name"), [(8, "linear"), (16, "PQ"), (18, "HLG")])
def test_samples_of_high_dynamic_range_are_refused(code: int, name: str) -> None:
    with pytest.raises(UnusableError, match=rf"high dynamic range \({name}\); export"):
        seen(picture(chunk(b"cICP", bytes([9, code, 0, 1]))))
    rgb = photo().astype(np.uint16) << 2
    avif = imagecodecs.avif_encode(rgb, level=98, bitspersample=10, primaries=9, transfer=code, matrix=9)
    with pytest.raises(UnusableError, match=name):
        seen(bytes(avif))


@pytest.mark.parametrize("code", [1, 13])
def test_code_points_of_usual_displays_are_read(code: int) -> None:
    require_same(picture(chunk(b"cICP", bytes([1, code, 0, 1]))), photo(), most=0)


def test_a_png_of_apples_build_tools_is_named() -> None:
    whole = picture()
    with pytest.raises(UnsupportedMediaTypeError, match="Apple's build tools"):
        seen(whole[:8] + chunk(b"CgBI", b"\x50\0\x20\x02") + whole[8:])
