"""No TIFF is misread in silence: each gives the pixels of its plain PNG, or is refused for the reason."""

import itertools
import struct
from io import BytesIO
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from PIL import Image

from service.errors import UnsupportedMediaTypeError, UnusableError
from tests.conftest import encode
from tests.service.inputs.comparisons import refusal, require_alike, require_same, seen
from tests.service.inputs.pictures import (
    boot,
    packed,
    photo,
    plain_tiff,
    scaled,
    size_tags,
    tiff,
    with_alpha,
)

_LOSSLESS = ("lzw", "deflate", "adobe_deflate", "packbits", "zstd", "lzma")
_KINDS = ("u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")
_UNREAD = {
    "jpeg2000": "JPEG 2000",
    "lerc": "LERC",
    "jpegxl": "JPEG XL",
    "png": "by PNG",
    "jpegxr": "JPEG XR",
    "webp": "WebP",
}


@pytest.mark.parametrize("colours", ["minisblack", "miniswhite", "rgb contig", "rgb separate"])
@pytest.mark.parametrize("kind", _KINDS)
def test_tiffs_of_every_depth_order_layout_and_lossless_compression(kind: str, colours: str) -> None:
    photometric, _, planes = colours.partition(" ")
    options: dict[str, Any] = {"planarconfig": planes} if planes else {}
    original = photo() if photometric == "rgb" else boot()
    array = scaled(255 - original if photometric == "miniswhite" else original, kind)
    array = np.moveaxis(array, -1, 0) if planes == "separate" else array
    is_read = kind in ("u1", "u2")
    compressions = (None, *_LOSSLESS) if is_read else (None, "lzw")
    orders: tuple[Literal["<", ">"], ...] = ("<", ">")
    for order, compression, tile, big in itertools.product(orders, compressions, (None, (16, 32)), (False, True)):
        predictors = [False, True] if compression not in (None, "packbits") else [False]
        for predictor in predictors:
            content = tiff(
                array, order=order, big=big, photometric=photometric, compression=compression, predictor=predictor,
                tile=tile, rowsperstrip=None if tile else 20, **options,
            )  # fmt: skip
            if order == ">" and big:
                with pytest.raises(UnsupportedMediaTypeError, match="big-endian BigTIFF"):
                    seen(content)
            elif is_read and (kind, colours, order) != ("u2", "miniswhite", ">"):
                require_same(content, original)
            else:
                with pytest.raises(UnusableError, match="bits"):
                    seen(content)


@pytest.mark.parametrize("compression", sorted(_UNREAD))
def test_a_tiffs_missing_codec_is_named(compression: str) -> None:
    content = tiff(photo(), photometric="rgb", compression=compression)
    with pytest.raises(UnusableError, match=f"{_UNREAD[compression]}, which this service has no decoder for"):
        seen(content)


@pytest.mark.parametrize("tile", [None, (32, 48)])
def test_jpeg_in_a_tiff(tile: tuple[int, int] | None) -> None:
    require_alike(
        tiff(photo(), photometric="rgb", compression="jpeg", tile=tile, compressionargs={"level": 95}), photo()
    )
    require_alike(
        tiff(boot(), photometric="minisblack", compression="jpeg", tile=tile, compressionargs={"level": 98}), boot()
    )


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw"])
def test_faxes_and_other_pictures_of_one_bit(compression: str) -> None:
    black_and_white = np.where(boot() > 100, 255, 0).astype(np.uint8)
    content = encode(Image.fromarray(black_and_white).convert("1"), "TIFF", compression=compression)
    require_same(content, black_and_white, most=0)


@pytest.mark.parametrize("compression", ["jpeg", "zlib", "lzw", None])
def test_cmyk_in_a_tiff(compression: str | None) -> None:
    inks = np.asarray(Image.fromarray(photo()).convert("CMYK"))
    level: dict[str, Any] = {"compressionargs": {"level": 98}} if compression == "jpeg" else {}
    content = tiff(inks, photometric="separated", compression=compression, **level)
    if compression == "jpeg":
        require_alike(content, photo())
    else:
        require_same(content, photo(), most=0)


def grey_tiff(
    bits: int, *, order: str = "<", white: bool = False, reverse: bool = False, **more: tuple[str, Any]
) -> bytes:
    levels = boot().astype(np.int64) * (2**bits - 1) // 255
    levels = 2**bits - 1 - levels if white else levels
    if bits in (16, 32):
        data = levels.astype(f"{order}u{bits // 8}").tobytes()
        if reverse:
            data = np.packbits(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")).tobytes()
    else:
        data = packed(levels, bits, reverse=reverse)
    tags = size_tags(boot()) | {258: ("H", bits), 259: ("H", 1), 262: ("H", 0 if white else 1), 277: ("H", 1)}
    if reverse:
        tags[266] = ("H", 2)
    return plain_tiff(data, tags | {int(tag[1:]): value for tag, value in more.items()}, order=order)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 24, 32])
def test_grey_tiffs_of_every_number_of_bits(bits: int) -> None:
    coarse = (boot().astype(np.int64) * (2**bits - 1) // 255 * 255 // (2**bits - 1)).astype(np.uint8)
    for order, white, reverse in itertools.product("<>", (False, True), (False, True)):
        content = grey_tiff(bits, order=order, white=white, reverse=reverse)
        reason = refusal(content, coarse)
        assert (reason is None) if bits in (1, 2, 4, 8) else (reason is None or f"{bits} bits" in reason), reason


def palette_tiff(colour_map: tuple[int, ...]) -> bytes:
    tags = size_tags(boot()) | {258: ("H", 8), 259: ("H", 1), 262: ("H", 3), 277: ("H", 1), 320: ("H", colour_map)}
    return plain_tiff(boot().tobytes(), tags)


def test_a_tiffs_palette_of_sixteen_and_of_eight_bits() -> None:
    ramp = tuple(range(256))
    require_same(palette_tiff(tuple(level * 257 for level in ramp) * 3), boot())
    require_same(palette_tiff(ramp * 3), boot())


def colour_tiff(samples: np.ndarray[Any, Any], photometric: int, **more: tuple[str, Any]) -> bytes:
    channels, bits = samples.shape[2], samples.dtype.itemsize * 8
    tags = size_tags(samples) | {
        258: ("H", (bits,) * channels), 259: ("H", 1), 262: ("H", photometric), 277: ("H", channels)
    }  # fmt: skip
    return plain_tiff(samples.tobytes(), tags | {int(tag[1:]): value for tag, value in more.items()})


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_other_channels_and_colours_in_tiffs(kind: str) -> None:
    rgb, grey = scaled(photo(), kind), scaled(boot()[..., np.newaxis], kind)
    largest = np.iinfo(rgb.dtype).max
    require_same(colour_tiff(with_alpha(rgb, 77), 2, t338=("H", 0)), photo())
    for meaning in (1, 2):
        require_same(colour_tiff(with_alpha(rgb, largest), 2, t338=("H", meaning)), photo())
        if kind == "u1":
            require_same(colour_tiff(with_alpha(grey, largest), 1, t338=("H", meaning)), boot())
        else:
            with pytest.raises(UnusableError, match="2 samples of 16 bits"):
                seen(colour_tiff(with_alpha(grey, largest), 1, t338=("H", meaning)))
    planes = np.moveaxis(with_alpha(grey, largest), 2, 0)
    for alpha in ("assocalpha", "unassalpha"):  # libtiff reads the first plane alone
        with pytest.raises(UnusableError, match="in a plane of its own"):
            seen(tiff(planes, photometric="minisblack", planarconfig="separate", extrasamples=[alpha]))
    cmyk = with_alpha(largest - rgb, 0)
    require_same(colour_tiff(cmyk, 5), photo())
    with pytest.raises(UnusableError, match="inks"):
        seen(colour_tiff(cmyk, 5, t332=("H", 2)))
    for photometric, word in ((8, "CIE"), (9, "ICC"), (10, "ITU"), (32844, "LogL"), (34892, "raw"), (77, "kind 77")):
        with pytest.raises(UnusableError, match=word):
            seen(colour_tiff(rgb, photometric))


def test_a_tiff_that_does_not_say_whether_0_is_black_is_refused() -> None:
    tags = size_tags(boot()) | {258: ("H", 8), 259: ("H", 1)}
    require_same(plain_tiff(boot().tobytes(), tags | {262: ("H", 1)}), boot())
    with pytest.raises(UnusableError, match="does not say what its samples mean"):
        seen(plain_tiff(boot().tobytes(), tags))


def test_ycbcr_in_a_tiff_whole_and_subsampled() -> None:
    ycbcr = np.asarray(Image.fromarray(photo()).convert("YCbCr"))
    require_same(colour_tiff(ycbcr, 6, t530=("H", (1, 1))), photo(), most=6)
    height, width = ycbcr.shape[:2]
    luma = (
        ycbcr[..., 0].reshape(height // 2, 2, width // 2, 2).transpose(0, 2, 1, 3).reshape(height // 2, width // 2, 4)
    )
    chroma = ycbcr[::2, ::2, 1:]
    units = np.concatenate([luma, chroma], axis=2)
    tags = size_tags(ycbcr) | {
        258: ("H", (8, 8, 8)), 259: ("H", 1), 262: ("H", 6), 277: ("H", 3), 530: ("H", (2, 2)), 531: ("H", 2)
    }  # fmt: skip
    require_alike(plain_tiff(units.tobytes(), tags), photo())


def tiff_pages(*pages: tuple[np.ndarray[Any, Any], int]) -> bytes:
    stream = BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for array, subfile in pages:
            writer.write(array, photometric="rgb", subfiletype=subfile, metadata=None)
    return stream.getvalue()


def test_a_thumbnail_or_overview_is_no_further_frame() -> None:
    small = photo()[::2, ::2]
    require_same(tiff_pages((photo(), 0), (small, 1)), photo())
    require_same(tiff_pages((photo(), 0), (small, 1), (small[::2, ::2], 1)), photo())
    require_same(tiff_pages((small, 1), (photo(), 0)), photo())
    with pytest.raises(UnusableError, match="several frames"):
        seen(tiff_pages((photo(), 0), (photo(), 0)))
    with pytest.raises(UnusableError, match="several frames"):
        seen(tiff_pages((photo(), 2), (photo(), 2)))
    mask, overview = (struct.pack("<HHII", 254, 4, 1, kind) for kind in (4, 1))
    with pytest.raises(UnusableError, match="mask"):
        seen(tiff_pages((photo(), 0), (small, 1)).replace(overview, mask))


def test_a_volume_is_not_taken_for_its_first_slice() -> None:
    slices = np.stack([photo(), photo()[::-1]])
    stream = BytesIO()
    tifffile.imwrite(stream, slices, photometric="rgb", volumetric=True, metadata=None)
    with pytest.raises(UnusableError, match="a volume of several slices"):
        seen(stream.getvalue())
