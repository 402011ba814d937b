"""Requests of the Open Inference Protocol: one tensor of images, as JSON numbers or as bytes behind the JSON.

Source: KServe, "Open Inference Protocol" (V2), REST, and Triton Inference Server, "Binary Tensor Data Extension".
"""

import math
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import simdjson

from service.errors import MalformedError, UnusableError, shortened
from service.inputs import json_document
from service.inputs.batch_validation import IMAGE_SHAPES, SHAPES, Batch, check_count, format_shape, normalize

INPUT, OUTPUT = "images", "probabilities"
_MAX_DIMENSIONS = 8
_DATATYPES: dict[str, npt.DTypeLike] = {"FP32": np.dtype("<f4"), "UINT8": np.dtype(np.uint8)}


@dataclass(frozen=True)
class InferenceRequest:
    """What was asked.

    Attributes:
        batch: the images.
        identifier: the request's ``id``, which the answer repeats.
        is_binary: whether the answer's tensor is wanted as bytes.

    """

    batch: Batch
    identifier: str | None
    is_binary: bool


def read_inference(body: bytes, json_bytes: int | None, *, max_batch: int) -> InferenceRequest:
    """Read a request.

    Args:
        body: JSON, and behind it the bytes of the tensor if it is sent so.
        json_bytes: how many bytes of the body are JSON; None for all.
        max_batch: the most images.

    Raises:
        MalformedError: the body is no JSON, or not of the protocol's form.
        UnusableError: the tensor is none of images.
        TooLargeError: there are too many images.

    """
    document, tail = _split(body, json_bytes)
    tensors: Any = document.get("inputs")
    if not (isinstance(tensors, simdjson.Array) and [type(one) for one in islice(tensors, 2)] == [simdjson.Object]):
        raise MalformedError(f"'inputs' must be a list of one tensor, named {INPUT!r}")
    tensor: Any = tensors[0]
    if (name := tensor.get("name")) != INPUT:
        raise UnusableError(f"the input is named {_named(name)}; the model's is {INPUT!r}")
    shape = _shape(tensor, max_batch)
    values = _values(tensor, shape, tail)
    identifier = document.get("id")
    if not (identifier is None or isinstance(identifier, str)):
        raise MalformedError("'id' must be a text")
    pixels = normalize(values.reshape(shape), "image {} of the input 'images'".format)
    return InferenceRequest(Batch(pixels), identifier, _is_binary(document))


def _split(body: bytes, json_bytes: int | None) -> tuple[Any, bytes]:
    if json_bytes is not None and json_bytes > len(body):
        raise MalformedError(f"Inference-Header-Content-Length is {json_bytes}, and the body has {len(body)} bytes")
    what = "the request" if json_bytes is None else "the JSON of Inference-Header-Content-Length"
    document = json_document.parse(body if json_bytes is None else body[:json_bytes], what)
    if not isinstance(document, simdjson.Object):
        raise MalformedError("the request must be a JSON object with 'inputs'")
    return document, b"" if json_bytes is None else body[json_bytes:]


def _shape(tensor: Any, max_batch: int) -> tuple[int, ...]:
    found = tensor.get("shape")
    # A tensor of images has four dimensions at most; a longer list is not made into one of Python's.
    shape: list[Any] = list(islice(found, _MAX_DIMENSIONS)) if isinstance(found, simdjson.Array) else []
    if not (shape and all(type(size) is int and size >= 0 for size in shape)):
        raise MalformedError("the tensor's 'shape' must be a list of whole numbers, such as [1, 28, 28, 1]")
    if tuple(shape[1:]) not in IMAGE_SHAPES:
        raise UnusableError(f"the tensor's shape is {format_shape(tuple(shape))}; expected a batch of {SHAPES}")
    check_count(shape[0], max_batch)
    return tuple(shape)


def _values(tensor: Any, shape: tuple[int, ...], tail: bytes) -> npt.NDArray[Any]:
    """Take the tensor's numbers from the JSON or from behind it, in its datatype."""
    datatype = tensor.get("datatype")
    dtype = _DATATYPES.get(datatype) if isinstance(datatype, str) else None
    if dtype is None:
        raise UnusableError(f"the tensor's datatype is {_named(datatype)}; expected FP32 (0 to 1) or UINT8 (0 to 255)")
    count = math.prod(shape)
    size = _parameter(tensor, "binary_data_size", None)
    if size is None:
        if tail:
            raise MalformedError("bytes follow the JSON, and the tensor has no parameter 'binary_data_size'")
        return _numbers(tensor.get("data"), np.dtype(dtype), count)
    expected = count * np.dtype(dtype).itemsize
    if "data" in tensor:
        raise MalformedError("the tensor has both 'data' and the parameter 'binary_data_size'; send one of them")
    if size != expected or len(tail) != expected:
        raise MalformedError(
            f"the tensor's shape and datatype ask for {expected} bytes; 'binary_data_size' is "
            f"{_named(size)}, and {len(tail)} bytes follow the JSON"
        )
    return np.frombuffer(tail, dtype)


def _numbers(data: Any, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    if not isinstance(data, simdjson.Array):
        raise MalformedError("the tensor needs 'data', a list of numbers, or the parameter 'binary_data_size'")
    try:
        values = np.frombuffer(data.as_buffer(of_type="d"), np.float64)  # lists in it, too, one behind the other
    except (TypeError, ValueError) as error:
        raise UnusableError("the tensor's 'data' must hold numbers alone") from error
    if values.size != count:
        raise UnusableError(f"the tensor's shape asks for {count} numbers, and 'data' has {values.size}")
    if dtype == np.uint8 and not (values.min() >= 0 and values.max() <= 255 and (values % 1 == 0).all()):
        raise UnusableError("the tensor's 'data' is not UINT8: expected whole numbers from 0 to 255")
    return values.astype(dtype)


def _is_binary(document: Any) -> bool:
    """Whether the output is wanted as bytes: its own parameter says so, or else the request's."""
    wanted = _parameter(document, "binary_data_output", False)
    outputs: Any = document.get("outputs")
    kinds = [type(one) for one in islice(outputs, 2)] if isinstance(outputs, simdjson.Array) else None
    if outputs is not None and kinds != []:  # clients that want all outputs may list none
        if kinds != [simdjson.Object]:
            raise MalformedError(f"'outputs' must be a list of one tensor, {OUTPUT!r}; or leave it out")
        output: Any = outputs[0]
        if (name := output.get("name")) != OUTPUT:
            raise UnusableError(f"no output is named {_named(name)}; there is {OUTPUT!r}")
        if _parameter(output, "classification", None) is not None:
            raise UnusableError("the classification extension is not spoken here; leave that parameter out")
        wanted = _parameter(output, "binary_data", wanted)
    if not isinstance(wanted, bool):
        raise MalformedError("'binary_data' and 'binary_data_output' must be true or false")
    return wanted


def _parameter(of: Any, name: str, default: Any) -> Any:
    parameters = of.get("parameters")
    if parameters is None:
        return default
    if not isinstance(parameters, simdjson.Object):
        raise MalformedError("'parameters' must be an object")
    return parameters.get(name, default)


def _named(value: Any) -> str:
    """Write a value of the request for an error, without making a large one into Python's objects."""
    return shortened(value) if isinstance(value, str | int | float) else "no text"
