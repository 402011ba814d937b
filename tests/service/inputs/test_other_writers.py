"""No picture is misread in silence: in any kind of file it gives the pixels of its plain PNG, or is refused."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from service.errors import MalformedError, ServiceError, UnusableError
from service.inputs.preprocessing import preprocess_sync
from tests.conftest import encode
from tests.service.inputs.comparisons import MAX_PIXELS, refusal, require_alike, require_same, seen
from tests.service.inputs.pictures import (
    bmp,
    bmp_rows,
    boot,
    chunk,
    photo,
    png,
    scaled,
    tiff,
    with_alpha,
)

ORIENTATIONS: dict[int, Any] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[:, ::-1],
}
"""How a picture lies in a file that has each orientation: the inverse of what is done to show it."""


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_exif_orientation_in_each_format(kind: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(ORIENTATIONS[orientation](photo())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    kinds: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98}, "AVIF": {"quality": 98}}
    options = kinds.get(kind, {})
    content = encode(stored, kind, exif=exif, **options)
    (require_alike if kind in ("JPEG", "AVIF") else require_same)(content, photo())
    upright = preprocess_sync(content, "auto", MAX_PIXELS).box
    assert upright == pytest.approx(preprocess_sync(encode(photo(), "PNG"), "auto", MAX_PIXELS).box, abs=2)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_pngs_of_every_depth_and_colour_type(bits: int, interlaced: bool) -> None:
    largest = 2**bits - 1
    grey = boot().astype(np.int64)[..., np.newaxis] * largest // 255
    coarse = (grey[..., 0] * 255 // largest).astype(np.uint8)
    require_same(png(grey, bits, 0, interlaced=interlaced), coarse)
    if bits <= 8:
        ramp = b"".join(bytes([level * 255 // largest]) * 3 for level in range(largest + 1))
        require_same(png(grey, bits, 3, chunks=chunk(b"PLTE", ramp), interlaced=interlaced), coarse)
        # The background's entry is white and transparent; transparent is black for the dataset's own size.
        ramp = b"\xff\xff\xff" + ramp[3:]
        chunks = chunk(b"PLTE", ramp) + chunk(b"tRNS", b"\0")
        require_same(png(grey, bits, 3, chunks=chunks, interlaced=interlaced), coarse)
        alpha = np.linspace(80, 255, largest + 1).astype(np.uint8)  # each entry's own
        shown = png(grey, bits, 3, chunks=chunk(b"PLTE", ramp) + chunk(b"tRNS", alpha.tobytes()), interlaced=interlaced)
        levels = np.frombuffer(ramp, np.uint8)[::3]
        require_same(shown, np.stack([levels[grey[..., 0]], alpha[grey[..., 0]]], axis=2))
    if bits >= 8:
        rgb = photo().astype(np.int64) * largest // 255
        require_same(png(rgb, bits, 2, interlaced=interlaced), photo())
        require_same(png(with_alpha(rgb, largest), bits, 6, interlaced=interlaced), photo())
        require_same(png(with_alpha(grey, largest), bits, 4, interlaced=interlaced), coarse)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_that_lacks_a_colour_which_is_used_is_refused(kind: str) -> None:
    """Pillow fills it up with black, or with greys."""
    index = boot() >> 2
    assert index.max() == 63

    def stored(colours: int) -> bytes:
        tints = [(255 - level * 4, 200, 90) for level in range(colours)]
        palette = b"".join(map(bytes, tints))
        if kind == "PNG":
            return png(index[..., np.newaxis], 8, 3, chunks=chunk(b"PLTE", palette))
        if kind == "BMP":
            four = b"".join(bytes([*tint[::-1], 0]) for tint in tints)
            return bmp(bmp_rows(index, 8), (28, 28), 8, palette=four, colours=colours)
        if kind == "TIFF":
            planes = np.array(tints + [(0, 0, 0)] * (256 - colours), np.uint16).T * 257
            return tiff(index, photometric="palette", colormap=planes)
        picture = Image.frombytes("P", (28, 28), index.tobytes())
        picture.putpalette(b"".join(map(bytes, tints + [(1, 2, 3)] * (64 - colours))))
        whole = encode(picture, "GIF", optimize=False)
        entries = 2 ** (colours - 1).bit_length()
        return whole[:10] + bytes([whole[10] & ~7 | entries.bit_length() - 2]) + whole[11 : 13 + 3 * entries] + (
            whole[13 + 3 * 2 ** ((whole[10] & 7) + 1) :]
        )  # fmt: skip

    seen(stored(64))
    if kind != "TIFF":  # whose palettes have all colours that there are
        with pytest.raises(
            MalformedError, match=rf"the {kind} picture is corrupt: it uses colour 64 of a palette of 32"
        ):
            seen(stored(32))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_every_depth(bits: int) -> None:
    """The level that is transparent stands where the boot is not; shown, it would be a square of its own."""
    largest = 2**bits - 1
    hidden = largest if bits == 1 else largest // 3
    shape = boot() > 40
    grey = np.where(shape, 0 if bits == 1 else largest, hidden)[..., np.newaxis]
    content = png(grey, bits, 0, chunks=chunk(b"tRNS", struct.pack(">H", hidden)))
    expected = np.where(shape, 0 if bits == 1 else 255, hidden * 255 // largest).astype(np.uint8)
    layer = np.stack([expected, np.where(shape, 255, 0).astype(np.uint8)], axis=2)
    if bits == 1:
        with pytest.raises(UnusableError, match="blank"):  # black on what is taken for black
            seen(content)
    else:
        assert np.array_equal(seen(content), seen(encode(Image.fromarray(layer), "PNG")))


@pytest.mark.parametrize("bits", [8, 16])
def test_a_transparent_colour_of_every_depth(bits: int) -> None:
    factor = (2**bits - 1) // 255
    shape = np.asarray(Image.fromarray(boot()).resize((84, 84))) > 40
    rgb = np.where(shape[..., np.newaxis], (200, 40, 40), (10, 180, 20))
    content = png(
        rgb * factor, bits, 2, chunks=chunk(b"tRNS", struct.pack(">3H", 10 * factor, 180 * factor, 20 * factor))
    )
    layer = np.concatenate([rgb, np.where(shape, 255, 0)[..., np.newaxis]], axis=2).astype(np.uint8)
    assert np.array_equal(seen(content), seen(encode(Image.fromarray(layer), "PNG")))


@pytest.mark.parametrize("gamma", [0.35, 0.45, 0.55, 0.7, 1.0, 2.5])
def test_a_pngs_gamma_is_undone(gamma: float) -> None:
    stored = np.rint(65_535 * (boot() / 255) ** (gamma * 2.2)).astype(np.int64)[..., np.newaxis]
    content = png(stored, 16, 0, chunks=chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    difference = np.abs(seen(content) - boot())
    assert np.median(difference) <= 2
    assert difference.mean() < 3  # dark levels are few where the exponent is large


_RAMP = b"".join(bytes([level, level, level, 0]) for level in range(256))


def test_bmps_of_every_kind() -> None:
    size, grey, rgb = (28, 28), boot(), photo()
    large = (rgb.shape[1], rgb.shape[0])
    require_same(bmp(bmp_rows(grey, 8), size, 8, palette=_RAMP), grey)
    require_same(bmp(bmp_rows(grey, 8, top_down=True), size, 8, palette=_RAMP, top_down=True), grey)
    os2 = b"".join(bytes([level] * 3) for level in range(256))
    require_same(bmp(bmp_rows(grey, 8), size, 8, palette=os2, header=12), grey)
    bgr = rgb[..., ::-1].reshape(len(rgb), -1)
    for header in (12, 40, 108, 124):
        require_same(bmp(bmp_rows(bgr, 8), large, 24, header=header), rgb)
    wide = with_alpha(rgb[..., ::-1], 0).reshape(len(rgb), -1)
    require_same(bmp(bmp_rows(wide, 8), large, 32), rgb)
    opaque = with_alpha(rgb[..., ::-1], 255).reshape(len(rgb), -1)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    require_same(bmp(bmp_rows(opaque, 8), large, 32, compression=3, header=108, masks=masks), rgb)
    five = (rgb >> 3).astype(np.int64)
    values = five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]
    swapped = values >> 8 | (values & 255) << 8  # little-endian
    coarse = ((rgb >> 3) * (255 / 31)).astype(np.uint8)
    require_same(bmp(bmp_rows(swapped, 16), large, 16), coarse)
    require_same(bmp(bmp_rows(swapped, 16), large, 16, compression=3, masks=(0x7C00, 0x3E0, 0x1F)), coarse)
    values = five[..., 0] << 11 | (rgb[..., 1].astype(np.int64) >> 2) << 5 | five[..., 2]
    swapped = values >> 8 | (values & 255) << 8
    require_same(bmp(bmp_rows(swapped, 16), large, 16, compression=3, masks=(0xF800, 0x7E0, 0x1F)), coarse, most=4)
    with pytest.raises(ServiceError, match="BMP"):
        seen(bmp(bmp_rows(swapped, 16), large, 16, compression=3, masks=(0xF00, 0xF0, 0xF)))


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("entries", [2, 16, 256])
def test_bmps_of_few_colours(bits: int, entries: int) -> None:
    """Indices of any depth with a palette of greys, of colours, turned around, and of fewer entries than bits allow."""
    if entries > 2**bits:
        return
    levels = np.linspace(0, 255, entries).astype(np.uint8)
    index = boot().astype(np.int64) * (entries - 1) // 255
    palettes = {"grey": levels, "turned": levels[::-1], "own index": np.arange(entries, dtype=np.uint8)}
    for name, palette in palettes.items():
        four = b"".join(bytes([level, level, level, 0]) for level in palette)
        content = bmp(bmp_rows(index, bits), (28, 28), bits, palette=four, colours=entries)
        reason = refusal(content, palette[index])
        assert reason is None or ("greys" in reason and bits > 1), (name, reason)


def run_lengths(index: np.ndarray[Any, Any], *, four: bool) -> bytes:
    data = b""
    for row in index[::-1]:
        position = 0
        while position < len(row):
            end = position
            while end < len(row) and end - position < 255 and row[end] == row[position]:
                end += 1
            level = int(row[position])
            data += bytes([end - position, level << 4 | level if four else level])
            position = end
        data += b"\0\0"
    return data[:-2] + b"\0\1"


@pytest.mark.parametrize("four", [False, True])
def test_run_length_bmps(four: bool) -> None:
    entries = 16 if four else 256
    index = boot().astype(np.int64) * (entries - 1) // 255
    tint = b"".join(bytes([level * 255 // (entries - 1)] * 3 + [0]) for level in range(entries))
    content = bmp(
        run_lengths(index, four=four),
        (28, 28),
        4 if four else 8,
        compression=2 if four else 1,
        palette=tint,
        colours=entries,
    )
    require_same(content, (index * 255 // (entries - 1)).astype(np.uint8))


def test_gifs_with_an_offset_interlacing_and_transparency() -> None:
    grey = Image.fromarray(boot())
    require_same(encode(grey, "GIF", interlace=1), boot())
    require_same(encode(grey, "GIF", interlace=0), boot())
    # A frame smaller than its screen, of a global palette whose background is index 0.
    content = bytearray(encode(grey.crop((4, 4, 24, 24)), "GIF", interlace=0))
    content[6:10] = struct.pack("<HH", 28, 28)
    at = content.index(b"\x2c\0\0\0\0")
    content[at + 1 : at + 5] = struct.pack("<HH", 4, 4)
    inner = np.zeros((28, 28), np.uint8)
    inner[4:24, 4:24] = boot()[4:24, 4:24]
    require_same(bytes(content), inner)
    shape = Image.fromarray(np.where(boot() > 40, boot(), 0).astype(np.uint8))
    require_same(encode(shape, "GIF", transparency=0), np.asarray(shape))


def test_webps_with_and_without_loss_and_alpha() -> None:
    rgb = Image.fromarray(photo())
    layer = Image.fromarray(with_alpha(photo()))
    for picture in (rgb, layer):
        require_same(encode(picture, "WEBP", lossless=True, exact=True), photo())
        require_alike(encode(picture, "WEBP", quality=95), photo())
    frames = encode(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)])
    with pytest.raises(UnusableError, match="several frames"):
        seen(frames)
    require_same(encode(Image.fromarray(boot()).convert("RGB"), "WEBP", lossless=True), boot())


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_jpegs_of_every_colour_space(subsampling: str) -> None:
    rgb = photo()
    for space in ("ycbcr", "rgb"):
        require_alike(
            imagecodecs.jpeg8_encode(
                rgb, level=97, outcolorspace=space, subsampling=subsampling if space == "ycbcr" else None
            ),
            rgb,
        )
    picture = Image.fromarray(rgb)
    for options in ({"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}):
        require_alike(
            encode(picture, "JPEG", quality=97, subsampling={"444": 0, "422": 1, "420": 2}[subsampling], **options), rgb
        )
    inverted = with_alpha(rgb, 255)  # Adobe's: 255 is no ink
    for space in ("cmyk", "ycck"):
        content = imagecodecs.jpeg8_encode(inverted, level=97, colorspace="cmyk", outcolorspace=space)
        require_alike(content, rgb)


def test_an_avif_is_read() -> None:
    for options in ({"quality": 95}, {"quality": 95, "subsampling": "4:4:4"}, {"quality": 100}):
        require_alike(encode(Image.fromarray(photo()), "AVIF", **options), photo())
    require_alike(encode(Image.fromarray(with_alpha(photo())), "AVIF", quality=95), photo())
    rgb = Image.fromarray(photo())
    with pytest.raises(UnusableError, match="several frames"):
        seen(encode(rgb, "AVIF", save_all=True, append_images=[rgb.rotate(90)]))
    for bits in (10, 12):
        content = imagecodecs.avif_encode(scaled(photo(), "u2") >> (16 - bits), level=95, bitspersample=bits)
        require_alike(content, photo())
