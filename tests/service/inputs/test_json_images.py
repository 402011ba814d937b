"""What is answered the short way is answered as the long way has it."""

import json

import httpx
import numpy as np
import orjson
import pytest

from service.errors import MalformedError, ServiceError, UnusableError
from service.inputs.batch_validation import Batch
from service.inputs.json_images import read_json, read_json_lines
from service.outputs.writers import write_json
from tests.conftest import DATA, Samples, assert_problem

PICTURE = (DATA / "coat.png").read_bytes()


@pytest.mark.parametrize(
    ("query", "word"),
    [("top_k=0", "top_k"), ("top_k=", "top_k"), ("preprocess=no", "preprocess"), ("modle=cnn_a", "modle")],
)
def test_parameters_that_need_words_get_them(client: httpx.Client, query: str, word: str) -> None:
    answer = client.post(f"/predict?{query}", content=PICTURE, headers={"content-type": "image/png"})
    assert_problem(answer, 422, word)


def test_parameters_of_the_short_way_count(client: httpx.Client) -> None:
    headers = {"content-type": "image/png"}
    answer = client.post("/predict?top_k=3&model=baseline&preprocess=photo", content=PICTURE, headers=headers).json()
    assert (answer["model"], len(answer["predictions"]), answer["preprocess"]["mode"]) == ("baseline", 3, "photo")


def shapes(images: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> list[object]:
    return [images.tolist(), images[..., np.newaxis].tolist(), images.reshape(-1, 784).tolist()]


def forms(instances: object) -> list[object]:
    return [
        {"instances": instances},
        {"inputs": instances},
        {"inputs": {"images": instances}},
        {"instances": [{"images": image} for image in instances]},  # type: ignore[attr-defined]
        {"signature_name": "serving_default", "instances": instances},
        {"signature_name": "", "inputs": instances},
        {"id": [[1], {"images": "[[,"}], "instances": instances},
    ]


def test_numbers_are_the_same_in_every_shape(samples: Samples) -> None:
    images = samples.images[:3] / 255
    for instances in shapes(images):
        for content in forms(instances):
            batch = read_json(orjson.dumps(content), max_batch=3)
            np.testing.assert_array_equal(batch.pixels, images[..., np.newaxis].astype(np.float32))
            assert batch.field in content  # type: ignore[operator]
        batch = read_json_lines(b"\n".join(map(orjson.dumps, instances)), max_batch=3)  # type: ignore[call-overload]
        np.testing.assert_array_equal(batch.pixels, images[..., np.newaxis].astype(np.float32))


@pytest.mark.parametrize("wrong", [True, False, None, "0.5", [0.5, 0.5], {}, [], 1.0000001, -1e-9])
def test_one_wrong_number_among_good_ones_is_found(samples: Samples, wrong: object) -> None:
    for instances in shapes(samples.images[:2] / 255):
        image: list[object] = instances[1]  # type: ignore[index]
        row = image if len(image) == 784 else image[5]
        row[7] = wrong  # type: ignore[index]
        for content in forms(instances):
            with pytest.raises(UnusableError):
                read_json(orjson.dumps(content), max_batch=2)
        with pytest.raises(UnusableError):
            read_json_lines(orjson.dumps(image), max_batch=2)


def test_what_one_parser_forgives_and_the_other_does_not_is_refused(samples: Samples) -> None:
    plain = orjson.dumps({"instances": (samples.images[:2] / 255).tolist()})
    for body in (b"\xef\xbb\xbf" + plain, plain + b"x", plain[:-1], plain.replace(b"]]]", b"]],]"), b"\xff" + plain):
        with pytest.raises(MalformedError):
            read_json(body, max_batch=2)


@pytest.mark.parametrize(
    "body",
    [
        *(f'{{"{key}": [[0.5]]}}' for key in ("inst\\u0000ances", "instances\\u0000", "", "image")),
        "5",
        '"instances"',
        "{}",
    ],
)
def test_json_without_the_field_is_refused_whatever_it_is(body: str) -> None:
    with pytest.raises(UnusableError, match='either "instances" or "inputs"'):
        read_json(body.encode(), max_batch=2)


@pytest.mark.parametrize(
    "value", ["1", "-5", "1.5", "true", "null", '"instances"', "18446744073709551615", "{}", "[1]"]
)
def test_a_bare_list_of_what_are_no_images_is_refused(value: str) -> None:
    with pytest.raises(UnusableError, match=r"the list's item 0, counted from 0, (is|has length 1).*expected 28×28"):
        read_json(f"[{value}]".encode(), max_batch=2)


@pytest.mark.parametrize("line", [b"0.5],[0.5", b"[0.5],[0.5]", b"1,2", b"[0.5", b"]", b"[1]]"])
def test_a_line_is_one_value(line: bytes) -> None:
    with pytest.raises(MalformedError, match="line 2 is not JSON"):
        read_json_lines(orjson.dumps([0.5] * 784) + b"\n" + line, max_batch=2)


def test_what_python_could_read_and_others_not_is_explained() -> None:
    for padding in (b"", b" " * 1024 * 1024):
        with pytest.raises(MalformedError, match="more than 64 bits"):
            read_json(b'{"instances": [[123456789012345678901]]}' + padding, max_batch=2)
        with pytest.raises(MalformedError, match="the body is not JSON"):
            read_json(b'{"instances": [[0.5]' + padding, max_batch=2)
    with pytest.raises(MalformedError, match="byte order mark"):
        read_json(b'\xef\xbb\xbf{"instances": [[0.5]]}', max_batch=2)
    with pytest.raises(MalformedError, match="byte order mark; send UTF-8"):
        read_json('{"instances": [[0.5]]}'.encode("utf-16"), max_batch=2)
    with pytest.raises(UnusableError, match="it is no text"):
        read_json(b'{"instances": [[0.5]], "signature_name": ["serving_default"]}', max_batch=2)
    with pytest.raises(MalformedError, match="line 2 is longer than 65,536 bytes"):
        read_json_lines(b"\n[" + b"0." + b"5" * 70_000 + b"]", max_batch=2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"instances": [[0]], "instances": [[0]]}', "the field 'instances' twice"),
        ('{"signature_name": "no", "signature_name": "serving_default", "inputs": [[0]]}', "'signature_name' twice"),
        ('{"instances": {"images": [[0]], "images": [[0]]}}', "must be a list"),
        ('{"instances": {"images": [{"images": [0]}]}}', "is an object"),
        ('{"instances": [{"images": [0]}, [0]]}', "each object"),
        (json.dumps({str(n): 0 for n in range(100)} | {"instances": [[0]]}), "more than 100 fields"),
        ('{"instances": [["a", "b"]]}', "has length 2"),
        (json.dumps({"instances": [["a"] * 28]}), "nothing else"),
        (json.dumps({"instances": [[0] * 28]}), "is 28 numbers.* A single image is a list of one"),
    ],
)
def test_fields_that_nobody_can_be_sure_of_are_refused(body: str, words: str) -> None:
    with pytest.raises(UnusableError, match=words):
        read_json(body.encode(), max_batch=2)


def test_a_very_long_list_is_not_counted_to_its_end() -> None:
    """simdjson's own count ends at some millions, and would be wrong there."""
    for length, told in ((1_000_000, "1000000"), (1_000_001, "over 1,000,000")):
        with pytest.raises(UnusableError, match=f"has length {told}; expected"):
            read_json(b'{"instances": [[%b0]]}' % (b"0," * (length - 1)), max_batch=2)


def with_pixels(deep: list[list[object]], first: object, second: object) -> list[list[object]]:
    return [*deep[:9], [*deep[9][:3], first, second, *deep[9][5:]], *deep[10:]]


def test_arrays_in_odd_places_are_found(samples: Samples) -> None:
    """As many rows, or as many numbers, as images have, and yet none."""
    image = (samples.images[0] / 255).tolist()
    flat = (samples.images[0] / 255).ravel().tolist()
    deep = (samples.images[0, ..., np.newaxis] / 255).tolist()
    for instances in (
        [image, [*image[:-1], [*image[-1][:-1], [0.5]]]],
        [[*image[:-2], [*image[-2], *image[-1]], []]],
        [[[0.1] * 2, [], *flat[2:]]],
        [with_pixels(deep, [0.1, 0.1], [])],
        [with_pixels(deep, [[0.1]], 0.1)],
        [with_pixels(deep, [[0.1], [0.1]], [])],
        [with_pixels(deep, [], [])],
        [with_pixels(deep, "[]", [0.1])],
        [deep, [deep[0]] * 27 + [[[0.1] * 28, *[[]] * 27]]],
        [flat, image],
        [flat[:-1]],
        [{str(n): 0.5 for n in range(784)}],
        ["0" * 784],
        ["0" * 28] * 28,
        "0" * 784,
    ):
        for content in forms(instances):
            with pytest.raises(ServiceError) as error:
                read_json(orjson.dumps(content), max_batch=784)
            assert "28×28, 28×28×1 or 784" in str(error.value)


def test_a_long_answer_is_written_as_a_short_one() -> None:
    probabilities = np.random.default_rng(0).random((600, 10), np.float32)
    content = orjson.loads(write_json(probabilities, Batch(probabilities)))
    assert list(content) == ["predictions"]
    np.testing.assert_allclose(content["predictions"], probabilities, rtol=1e-6)
