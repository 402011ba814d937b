"""JPEGs of the kinds that few programs write, and colour spaces that few pictures have."""

import shutil
import subprocess

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from service.errors import UnusableError
from tests.conftest import encode
from tests.service.inputs.comparisons import plain, require_alike, seen
from tests.service.inputs.pictures import boot, photo


@pytest.mark.parametrize(
    "options",
    [
        ["-arithmetic"],
        ["-arithmetic", "-progressive"],
        ["-rgb"],
        ["-sample", "4x1"],
        ["-sample", "1x2"],
        ["-restart", "1"],
    ],
    ids=" ".join,
)
def test_jpegs_that_a_foreign_program_writes(options: list[str]) -> None:
    cjpeg = shutil.which("cjpeg")
    if cjpeg is None:
        pytest.skip("needs cjpeg: apt-get install libjpeg-turbo-progs")
    command = [cjpeg, "-quality", "98", *options]
    content = subprocess.run(command, input=encode(photo(), "PPM"), capture_output=True, check=True).stdout
    require_alike(content, photo())


def test_a_jpeg_without_loss() -> None:
    require_alike(bytes(imagecodecs.jpeg8_encode(photo(), lossless=True)), photo())


@pytest.mark.parametrize("lossless", [False, True])
def test_a_jpeg_of_12_bits_is_refused_with_its_depth(lossless: bool) -> None:
    content = imagecodecs.jpeg8_encode(photo().astype(np.uint16) << 4, bitspersample=12, lossless=lossless)
    with pytest.raises(UnusableError, match=r"the JPEG has 12 bits a sample.*8 bits"):
        seen(bytes(content))


def test_other_methods_under_the_name_of_jpeg_are_named() -> None:
    with pytest.raises(UnusableError, match="is a JPEG-LS"):
        seen(bytes(imagecodecs.jpegls_encode(boot())))
    hierarchical = encode(boot(), "JPEG").replace(b"\xff\xc0", b"\xff\xc5", 1)
    with pytest.raises(UnusableError, match="is a hierarchical JPEG"):
        seen(hierarchical)


_TO_XYZ = {
    "sRGB": ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)),
    "Display P3": ((0.4866, 0.2657, 0.1982), (0.2290, 0.6917, 0.0793), (0.0, 0.0451, 1.0439)),
    "Adobe RGB": ((0.5767, 0.1856, 0.1882), (0.2974, 0.6273, 0.0753), (0.0270, 0.0707, 0.9911)),
}
"""Linear RGB to XYZ (D65): IEC 61966-2-1; SMPTE EG 432-1; Adobe RGB (1998), section 4.3.5.3."""


def in_space(rgb: npt.NDArray[np.uint8], name: str) -> npt.NDArray[np.uint8]:
    """The same colours as a wide-gamut space has them."""
    stored = rgb / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    wide = np.clip(linear @ np.transpose(_TO_XYZ["sRGB"]) @ np.linalg.inv(np.transpose(_TO_XYZ[name])), 0, 1)
    if name == "Adobe RGB":
        encoded = wide ** (256 / 563)
    else:
        encoded = np.where(wide <= 0.0031308, wide * 12.92, 1.055 * wide ** (1 / 2.4) - 0.055)
    stored_in: npt.NDArray[np.uint8] = np.rint(encoded * 255).astype(np.uint8)
    return stored_in


@pytest.mark.parametrize("name", ["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("colour", [(200, 40, 40), (30, 120, 60), (40, 60, 190), (120, 90, 60), (60, 60, 60)])
def test_the_colour_space_of_a_phone_or_camera_matters_little(name: str, colour: tuple[int, int, int]) -> None:
    """Profiles are not applied: models see grey, of a garment that is stretched to the whole range."""
    shade = np.asarray(Image.fromarray(boot()).resize((84, 84)))[..., np.newaxis] / 255
    garment = np.where(shade > 0.1, np.array(colour) * (0.4 + 0.6 * shade), 235).astype(np.uint8)
    difference = np.abs(plain(in_space(garment, name)) - plain(garment))
    assert difference.mean() < 4, difference.mean()
