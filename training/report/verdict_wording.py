"""What each verdict means in plain words, for a reader who knows no statistics."""

from collections.abc import Callable

from training.report.comparisons import BLUR
from training.report.conclusions import measured, separable
from training.report.evidence import EQUIVALENT, NOT_SUPPORTED, SUPPORTED, Evidence
from training.sentences import joined, say

Teller = Callable[[Evidence], str]


def _difference(e: Evidence, a: str, b: str, metric: str = "test_accuracy") -> float | None:
    found = e.compared(a, b, metric)
    return abs(found["difference"]) * 100 if found else None


def _and(said: str, more: str | None) -> str:
    return said if more is None else joined(" ", [said, more])


def _kernel_size(e: Evidence) -> str | None:
    """Beside the networks that see the same, those that the workshop built, where they differ too little."""
    as_built = e.compared("cnn_b", "cnn_a")
    if as_built is None or as_built["p_value_holm"] is None or separable(as_built):
        return None
    return say("As the workshop built them, the 5×5 network sees more of the picture, and no difference was found.")


def _tolerance(e: Evidence) -> str | None:
    """Beside whole pictures, whose edges are cut, garments of which nothing is cut off."""
    cnn, dense = e.lost_uncut("cnn_a"), e.lost_uncut("baseline")
    if cnn is None or dense is None:
        return None
    return say(
        "With shrunk garments, of which nothing is cut off, CNN A loses no less: {a:.1f} points against {b:.1f}."
        if cnn >= dense
        else "With shrunk garments, of which nothing is cut off, it is {a:.1f} points against {b:.1f}.",
        a=cnn,
        b=dense,
    )


def _learned(e: Evidence) -> str | None:
    """Beside what moved copies teach, what they do to pictures that are not moved."""
    moved, plain = e.accuracy("baseline_shifted"), e.accuracy("baseline")
    if moved is None or plain is None:
        return None
    return say(
        "On pictures in their place that dense network is right about {moved:.1f} %, without such training about "
        "{plain:.1f} %.",
        moved=moved,
        plain=plain,
    )


def _less_data(e: Evidence) -> str | None:
    """Beside the accuracy that decides, the sizes at which no difference was found."""
    alike = 0
    for point in e.curve["cnn_a"]:
        found = e.compared(f"cnn_a_n{point['images']}", f"baseline_n{point['images']}")
        if found is None or found["p_value_holm"] is None or separable(found):
            break
        alike = point["images"]
    if not alike:
        return None
    return say("With {images:,} pictures or fewer, no difference in accuracy was found.", images=alike)


PLAIN: dict[str, dict[str, Teller]] = {
    "convolution-beats-dense": {
        SUPPORTED: lambda e: say(
            "Both convolutional networks name more test pictures right than the dense one: {a:.1f} % and {b:.1f} % "
            "against {dense:.1f} %.",
            a=e.accuracy("cnn_a"), b=e.accuracy("cnn_b"), dense=e.accuracy("baseline"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "At least one convolutional network names fewer test pictures right than the dense one: {a:.1f} % and "
            "{b:.1f} % against {dense:.1f} %.",
            a=e.accuracy("cnn_a"), b=e.accuracy("cnn_b"), dense=e.accuracy("baseline"),
        ),
    },
    "fair-training": {
        SUPPORTED: lambda e: say(
            "CNN A stays ahead of a dense network with twice the epochs and the best of three learning rates, by "
            "{points:.1f} points. Where both are trained alike, it is ahead by {alike:.1f}.",
            points=_difference(e, "cnn_a", e.fair or ""), alike=_difference(e, "cnn_a", "baseline"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "With twice the epochs and the best of three learning rates the dense network ({dense:.1f} %) passes "
            "CNN A ({a:.1f} %).",
            a=e.accuracy("cnn_a"), dense=e.accuracy(e.fair or ""),
        ),
    },
    "kernel-size": {
        SUPPORTED: lambda e: _and(
            say(
                "Seeing the same pixels, the 5×5 network is {points:.1f} points less accurate.",
                points=_difference(e, "cnn_b_visible", "cnn_a"),
            ),
            _kernel_size(e),
        ),
        NOT_SUPPORTED: lambda e: _and(
            say(
                "Seeing the same pixels, the 5×5 network is more accurate, not less: by {points:.1f} points.",
                points=_difference(e, "cnn_b_visible", "cnn_a"),
            ),
            _kernel_size(e),
        ),
        EQUIVALENT: lambda _: say("Seeing the same pixels, 3×3 and 5×5 are equally accurate, within half a point."),
    },
    "finer-detail": {
        SUPPORTED: lambda e: say(
            "Blur costs the 3×3 network {points:.1f} points more than the 5×5 one: it leans more on fine detail.",
            points=_difference(e, "cnn_b", "cnn_a", BLUR),
        ),
        NOT_SUPPORTED: lambda e: say(
            "Blur costs the 5×5 network {points:.1f} points more than the 3×3 one.",
            points=_difference(e, "cnn_b", "cnn_a", BLUR),
        ),
    },
    "spatial-structure": {
        SUPPORTED: lambda e: say(
            "Shuffle the pixels, and CNN A is {points:.1f} points less accurate; the dense network does not notice.",
            points=_difference(e, "cnn_a_permuted_visible", "cnn_a"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "Shuffle the pixels, and CNN A is {points:.1f} points more accurate.",
            points=_difference(e, "cnn_a_permuted_visible", "cnn_a"),
        ),
    },
    "hierarchy": {
        SUPPORTED: lambda e: say(
            "Two layers of convolution are {points:.1f} points more accurate than one with as many parameters.",
            points=_difference(e, "cnn_a", "cnn_one"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "One layer of convolution is {points:.1f} points more accurate than two with as many parameters.",
            points=_difference(e, "cnn_a", "cnn_one"),
        ),
    },
    "translation-invariance": {
        SUPPORTED: lambda e: say(
            "Moving shrunk garments by two pixels, nothing cut off, costs CNN A only {points:.1f} points of accuracy.",
            points=e.lost_uncut("cnn_a"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "Moving shrunk garments by two pixels, nothing cut off, costs CNN A {points:.1f} points of accuracy: to "
            "this network, place matters.",
            points=e.lost_uncut("cnn_a"),
        ),
    },
    "translation-tolerance": {
        SUPPORTED: lambda e: _and(
            say(
                "Moving whole pictures by two pixels costs CNN A {a:.1f} points of accuracy, the dense network "
                "{b:.1f}.",
                a=e.lost("cnn_a"), b=e.lost("baseline"),
            ),
            _tolerance(e),
        ),
        NOT_SUPPORTED: lambda e: _and(
            say(
                "Moving whole pictures by two pixels costs the dense network {b:.1f} points of accuracy, CNN A even "
                "{a:.1f}.",
                a=e.lost("cnn_a"), b=e.lost("baseline"),
            ),
            _tolerance(e),
        ),
    },
    "invariance-learned": {
        SUPPORTED: lambda e: _and(
            say(
                "Trained on moved pictures, the dense network loses {b:.1f} points at two pixels; CNN A, which was "
                "not, loses {a:.1f}.",
                a=e.lost("cnn_a"), b=e.lost("baseline_shifted"),
            ),
            _learned(e),
        ),
        NOT_SUPPORTED: lambda e: say(
            "Even trained on moved pictures, the dense network loses {b:.1f} points at two pixels; CNN A, which was "
            "not, only {a:.1f}.",
            a=e.lost("cnn_a"), b=e.lost("baseline_shifted"),
        ),
    },
    "fewer-parameters": {
        SUPPORTED: lambda e: say(
            "A CNN with {small:,} parameters ({a:.1f} %) does no worse than a dense network with {large:,} "
            "({b:.1f} %). The workshop's own CNNs, though, have more parameters than that dense network.",
            small=e.rows["cnn_half"]["parameters"], large=e.rows["baseline"]["parameters"],
            a=e.accuracy("cnn_half"), b=e.accuracy("baseline"),
        ),
        NOT_SUPPORTED: lambda e: say(
            "A CNN with {small:,} parameters ({a:.1f} %) does worse than a dense network with {large:,} ({b:.1f} %).",
            small=e.rows["cnn_half"]["parameters"], large=e.rows["baseline"]["parameters"],
            a=e.accuracy("cnn_half"), b=e.accuracy("baseline"),
        ),
    },
    "less-data": {
        SUPPORTED: lambda e: _and(
            say(
                "To get 85 % of the test pictures right, the dense network needs {ratio:.1f} times as many training "
                "pictures as CNN A.",
                ratio=e.curve["comparison"]["ratio"],
            ),
            _less_data(e),
        ),
        NOT_SUPPORTED: lambda e: say(
            "To get 85 % of the test pictures right, the dense network needs only {ratio:.1f} times as many training "
            "pictures as CNN A.",
            ratio=e.curve["comparison"]["ratio"],
        ),
    },
}  # fmt: skip
"""For each claim, what each verdict means in plain words."""


def _kernels_as_they_are(e: Evidence) -> str | None:
    found = e.compared("cnn_b", "cnn_a")
    if found is None:
        return None
    return say(
        "Not tested on equal sight yet. As they are, CNN B sees more of the picture than CNN A: {measured}.",
        measured=measured(found),
    )


def _few_seeds_blurred(e: Evidence) -> str | None:
    found = e.compared("cnn_b", "cnn_a", BLUR)
    if found is None:
        return None
    return say(
        "Not tested yet, for want of seeds. Over {seeds}, blur costs CNN B {points:.1f} points less than CNN A."
        if found["difference"] < 0
        else "Not tested yet, for want of seeds. Over {seeds}, blur costs CNN B {points:.1f} points more than CNN A.",
        seeds=found["seeds"],
        points=abs(found["difference"]) * 100,
    )


def _all_pixels_permuted(e: Evidence) -> str | None:
    found = e.compared("cnn_a_permuted", "cnn_a")
    if found is None:
        return None
    return say(
        "Not tested yet among the pixels that CNN A sees. With all pixels permuted, which takes some out of its sight: "
        "{measured}.",
        measured=measured(found),
    )


def _moved_and_cut(e: Evidence) -> str | None:
    lost = e.lost("cnn_a")
    if lost is None:
        return None
    return say(
        "Not tested yet with garments that are not cut off. Moving whole pictures by two pixels costs CNN A "
        "{points:.1f} points of accuracy.",
        points=lost,
    )


def _few_seeds_moved(e: Evidence) -> str | None:
    cnn, dense = e.lost("cnn_a"), e.lost("baseline")
    if cnn is None or dense is None:
        return None
    return say(
        "Not tested yet, for want of seeds. Moving pictures by two pixels costs CNN A {a:.1f} points of accuracy, the "
        "dense network {b:.1f}.",
        a=cnn,
        b=dense,
    )


def _counted(e: Evidence) -> str | None:
    if not {"cnn_a", "cnn_b", "baseline"} <= e.rows.keys():
        return None
    return say(
        "Not tested yet with a narrower CNN. The workshop's have {a:,} and {b:,} parameters, the dense network "
        "{dense:,}.",
        a=e.rows["cnn_a"]["parameters"],
        b=e.rows["cnn_b"]["parameters"],
        dense=e.rows["baseline"]["parameters"],
    )


UNTESTED: dict[str, Callable[[Evidence], str | None]] = {
    "kernel-size": _kernels_as_they_are,
    "finer-detail": _few_seeds_blurred,
    "spatial-structure": _all_pixels_permuted,
    "translation-invariance": _moved_and_cut,
    "translation-tolerance": _few_seeds_moved,
    "fewer-parameters": _counted,
}
"""For claims whose own runs are not finished, what is known without them; None where nothing is."""
