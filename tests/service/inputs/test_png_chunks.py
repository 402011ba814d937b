"""What stands beside the pixels of a PNG changes nothing of them, or is the reason for a refusal."""

import struct
import time
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from service.errors import UnsupportedMediaTypeError, UnusableError
from service.inputs.decoding import decode, open_picture
from service.inputs.png_chunks import without_ignored_chunks
from tests.service.inputs.comparisons import MAX_PIXELS, require_same, seen
from tests.service.inputs.pictures import boot, chunk, photo, png

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


def _gamma(hundred_thousandths: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", hundred_thousandths))


_LINEAR, _USUAL = _gamma(100_000), _gamma(45_455)
_SRGB = chunk(b"sRGB", b"\0")
_PACKED_PROFILE = zlib.compress(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
_PROFILE, _PROFILE_NAMED_GAMMA = (chunk(b"iCCP", name + b"\0\0" + _PACKED_PROFILE) for name in (b"s", b"gamma"))
_NO_PROFILES = {
    "not compressed": chunk(b"iCCP", b"s\0\0junk"),
    "without a name": chunk(b"iCCP", b"junk"),
    "text": chunk(b"iCCP", b"s\0\0" + zlib.compress(b"junk" * 40)),
}


def _code_points(*values: int) -> bytes:
    return chunk(b"cICP", bytes(values))


# Chromium sees these alike: tests/browser/test_pngs.py.
AS_STORED = {
    "no gamma": b"",
    "gamma 0": _gamma(0),
    "too short a gamma": chunk(b"gAMA", b"\0\1"),
    "too long a gamma": chunk(b"gAMA", b"\0\1\x86\xa0\0"),
    "the first gamma counts": _USUAL + _LINEAR,
    "sRGB goes before gamma": _SRGB + _LINEAR,
    "sRGB goes before gamma, behind it": _LINEAR + _SRGB,
    "a profile goes before gamma": _PROFILE + _LINEAR,
    "a profile goes before gamma, whatever its name": _PROFILE_NAMED_GAMMA + _LINEAR,
    "code points go before gamma": _code_points(1, 13, 0, 1) + _LINEAR,
    "code points go before gamma, behind it": _LINEAR + _code_points(1, 13, 0, 1),
    "primaries": chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
}
AS_LINEAR = {
    "gamma 1": _LINEAR,
    "the first gamma counts": _LINEAR + _USUAL,
    "code points that say nothing": _code_points(2, 2, 0, 1) + _LINEAR,
    "code points of another length": _code_points(1, 13) + _LINEAR,
    "sRGB of another length": chunk(b"sRGB", b"") + _LINEAR,
    **{f"a profile that is none, {name}": content + _LINEAR for name, content in _NO_PROFILES.items()},
}
BEHIND_PIXELS = {
    "gamma": _LINEAR,
    "a transparent colour": chunk(b"tRNS", struct.pack(">3H", *map(int, photo()[0, 0]))),
    "code points": _code_points(9, 16, 0, 1),
}


@pytest.mark.parametrize("chunks", AS_STORED.values(), ids=AS_STORED)
def test_samples_are_taken_as_they_are_stored(chunks: bytes) -> None:
    require_same(picture(chunks), photo(), most=0)


@pytest.mark.parametrize("chunks", AS_LINEAR.values(), ids=AS_LINEAR)
def test_samples_are_taken_as_linear(chunks: bytes) -> None:
    require_same(picture(chunks), np.rint(255 * (photo() / 255) ** (1 / 2.2)).astype(np.uint8), most=0)


@pytest.mark.parametrize("chunks", BEHIND_PIXELS.values(), ids=BEHIND_PIXELS)
def test_chunks_behind_the_pixels_change_nothing(chunks: bytes) -> None:
    require_same(picture(after=chunks), photo(), most=0)


def test_srgb_behind_the_pixels_does_not_go_before_gamma() -> None:
    assert np.array_equal(seen(picture(_LINEAR, after=_SRGB)), seen(picture(_LINEAR)))


@pytest.mark.parametrize(
    ("value", "said"),
    [(1, "0.00001"), (9_999, "0.09999"), (1_000_001, "10.00001"), (2**32 - 1, "42949.67295")],
)
def test_a_gamma_that_no_program_uses_is_named(value: int, said: str) -> None:
    with pytest.raises(UnusableError, match=rf"gamma of {said} \(gAMA\), .* save it again without the gAMA chunk"):
        seen(picture(_gamma(value)))
    require_same(picture(_SRGB + _gamma(value)), photo(), most=0)  # where it does not count


@pytest.mark.parametrize("value", [10_000, 1_000_000])
def test_the_outermost_gammas_that_are_read(value: int) -> None:
    linear = np.rint(255 * (photo() / 255) ** (100_000 / 2.2 / value)).astype(np.uint8)
    require_same(picture(_gamma(value)), linear, most=0)


def test_of_what_is_transparent_the_first_counts_and_not_before_the_palette() -> None:
    shades = np.arange(16, dtype=np.uint8) * 17
    palette = chunk(b"PLTE", np.repeat(shades, 3).tobytes())
    hidden, shown = chunk(b"tRNS", b"\0"), chunk(b"tRNS", b"\xff")
    indices = (boot() // 16)[..., np.newaxis].astype(np.int64)

    def alpha(chunks: bytes) -> int:
        image, _ = decode(open_picture(png(indices, 8, 3, chunks=chunks), MAX_PIXELS))
        return int(np.asarray(image.convert("RGBA"))[..., 3].min())

    assert [alpha(palette + hidden), alpha(palette + hidden + shown)] == [0, 0]
    assert [alpha(palette + shown + hidden), alpha(hidden + palette)] == [255, 255]


@pytest.mark.parametrize("name", [b"transparency", b"gamma", b"bbox", b"default_image"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_a_text_is_only_a_text_whatever_its_name(name: bytes, kind: bytes) -> None:
    words = {b"tEXt": b"\0words", b"zTXt": b"\0\0" + zlib.compress(b"words"), b"iTXt": b"\0\0\0\0\0words"}[kind]
    linear = np.rint(255 * (photo() / 255) ** (1 / 2.2)).astype(np.uint8)
    require_same(picture(_LINEAR + chunk(kind, name + words)), linear, most=0)
    require_same(picture(_LINEAR, after=chunk(kind, name + words)), linear, most=0)
    for bits, colour_type, stored in ((4, 0, boot()[..., np.newaxis] // 16), (16, 2, photo().astype(np.int64) * 257)):
        content = png(stored.astype(np.int64), bits, colour_type, chunks=chunk(kind, name + words))
        require_same(content, boot() // 16 * 17 if bits == 4 else photo(), most=0)


def test_a_picture_of_which_nothing_is_left_out_stays_the_same_object() -> None:
    for content in (picture(), picture(chunk(b"tEXt", b"Comment\0small")), b"", b"\x89PNG\r\n\x1a\n", b"tEXt"):
        assert without_ignored_chunks(content) is content


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
