"""Checks of what the project uses of Pillow and matplotlib; ``test_private_parts.py`` lists them."""

import inspect
import pickle
import re
import subprocess
import sys
import zlib
from io import BytesIO, StringIO
from unittest.mock import patch

from matplotlib.figure import Figure
from PIL import AvifImagePlugin, Image, ImagePalette, PngImagePlugin, TiffImagePlugin, _avif

from service.inputs.formats import FORMATS
from tests.conftest import ROOT
from training.data import ood_pictures


def saved(kind: str, mode: str = "L", **options: object) -> BytesIO:
    """A small picture as a file."""
    file = BytesIO()
    Image.new(mode, (16, 8)).save(file, kind, **options)
    file.seek(0)
    return file


# In a process of its own: what other tests have imported is registered, too.
_FIRST_PICTURES = """
import pickle, sys
from io import BytesIO
from service.inputs import decoding
imported = set(sys.modules)
read = []
for file in pickle.load(sys.stdin.buffer):
    picture = decoding.Image.open(BytesIO(file), formats=decoding.FORMATS)
    picture.load()
    read.append(picture.format)
print(*read, *(module for module in set(sys.modules) - imported if module.startswith("PIL")))
"""


def decoders() -> bool:
    files = [saved(kind, "RGB").getvalue() for kind in FORMATS]
    files.append(saved("MPO", "RGB", save_all=True, append_images=[Image.new("RGB", (16, 8))]).getvalue())
    run = [sys.executable, "-c", _FIRST_PICTURES]
    found = subprocess.run(run, input=pickle.dumps(files), capture_output=True, check=True, cwd=ROOT).stdout
    return found.decode().split() == [*FORMATS, "MPO"]


def avif_threads() -> bool:
    with (
        patch.object(AvifImagePlugin, "DEFAULT_MAX_THREADS", 3),
        patch.object(_avif, "AvifDecoder", wraps=_avif.AvifDecoder) as decoder,
    ):
        Image.open(saved("AVIF", "RGB"))
    return 3 in decoder.call_args.args


def zip_decoder() -> bool:
    return Image.frombytes("L", (1, 2), zlib.compress(bytes([0, 7, 0, 9])), "zip", "L").tobytes() == bytes([7, 9])


def libtiff() -> bool:
    found = []
    for asked in (True, False):
        with patch.object(TiffImagePlugin, "READ_LIBTIFF", asked), Image.open(saved("TIFF")) as picture:
            found.append(picture.tile[0][0])
    return found == ["libtiff", "raw"]


def tiff_directory() -> bool:
    sizes = []
    for header, big in ((8, False), (16, True)):
        stream = saved("TIFF", big_tiff=big)
        tags = TiffImagePlugin.ImageFileDirectory_v2(stream.read(header))
        stream.seek(tags.next)
        tags.load(stream)
        sizes.append((tags[TiffImagePlugin.IMAGEWIDTH], tags[TiffImagePlugin.IMAGELENGTH]))
    return sizes == [(16, 8), (16, 8)]


def palette() -> bool:
    file, drawn = BytesIO(), Image.new("P", (1, 1))
    drawn.putpalette([1, 2, 3])
    drawn.save(file, "BMP")
    read, made = Image.open(file).palette, ImagePalette.raw("RGB;L", bytes(768))
    return read is not None and (read.rawmode, read.palette, made.rawmode) == ("BGRX", bytes([3, 2, 1, 0]), "RGB;L")


def png_info() -> bool:
    source = inspect.getsource(PngImagePlugin.PngStream)
    return all(f'im_info["{name}"]' in source for name in ("transparency", "gamma", "bbox", "default_image"))


def drawn_figure() -> str:
    file, figure = StringIO(), Figure()
    figure.subplots().plot([0, 1], color="#d55e00")
    figure.savefig(file, format="svg", facecolor="#fdfcfb")
    return file.getvalue()


def clip_paths() -> bool:
    return re.search(r'clip-path="url\(#p[0-9a-f]{10}\)"', drawn_figure()) is not None


def svg_text() -> bool:
    return all(part in drawn_figure() for part in ("<defs>", "#d55e00", "#fdfcfb"))


def fonts() -> bool:
    return all(ood_pictures._font(name, 8).getname()[0] for name in ood_pictures._FONTS)
