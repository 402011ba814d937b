"""The sentences of each claim's evidence."""

from training.experiments.receptive_field import receptive_field
from training.experiments.registry import EXPERIMENTS
from training.report.comparisons import BLUR
from training.report.conclusions import Row, measured, p_value
from training.report.evidence import Evidence
from training.report.learning_curve import TARGET
from training.sentences import joined, say


def beats_dense(e: Evidence) -> list[str]:
    """Tell of both CNNs, over seeds and as they are served."""
    told = e.sentences(("cnn_a", "baseline"), ("cnn_b", "baseline"), ("dense_matched", "cnn_a"))
    for test in e.mcnemar:
        if test["b"] == "baseline":
            told.append(
                say(
                    "Of the served networks, only {a} is right on {a_right} test images and only {b} on {b_right} "
                    "(McNemar's exact test, {p_value}).",
                    a=e.title(test["a"]),
                    b=e.title("baseline"),
                    a_right=test["a_only_right"],
                    b_right=test["b_only_right"],
                    p_value=p_value(test["p_value_holm"]),
                )
            )
    return told


def fair_training(e: Evidence) -> list[str]:
    """Tell of the dense network that was trained best."""
    if e.fair is None:
        return []
    told = e.sentences(("cnn_a", e.fair), (e.fair, "baseline"))
    rates = {name: one.recipe.learning_rate for name, one in EXPERIMENTS.items() if name.startswith("baseline_fair_")}
    if rates[e.fair] == max(rates.values()):
        told.append(
            say("The rate chosen is the highest that was tried: a higher one might bring the dense network closer.")
        )
    return told


def kernel_size(e: Evidence) -> list[str]:
    """Tell of the kernel alone, and of pairs in which more differs."""
    pairs = (("cnn_b_visible", "cnn_a"), ("cnn_b", "cnn_a"), ("cnn_b_visible", "cnn_b"), ("cnn_a_whole", "cnn_a"))
    further = (("cnn_5x5_same", "cnn_3x3_same"), ("cnn_5x5_matched", "cnn_a"), ("cnn_7x7", "cnn_a"))
    blind: list[str] = [
        say(
            "CNN A sees 26 rows and columns of the picture's 28: its poolings drop the last odd row and column. CNN B "
            "sees them all. Where it is to see what CNN A sees, that strip is black, in training and in the test."
        )
    ]
    blacked = [
        say(
            "Blacked out after training, that strip costs {title} {points:.2f} points, over {seeds} seeds.",
            title=e.title(name),
            points=found["strip"]["mean"] * 100,
            seeds=found["seeds"],
        )
        for name in ("baseline", "cnn_a", "cnn_b")
        if (found := e.examined(name))
    ]
    return [*blind, *blacked, *e.sentences(*pairs), *_with_images(e.compared(*pairs[0])), *e.sentences(*further)]


def _with_images(found: Row | None) -> list[str]:
    if found is None or found["combined_ci95"] is None:
        return []
    low, high = (bound * 100 for bound in found["combined_ci95"])
    return [
        say(
            "The first of these differences decides. Its interval is {low:+.2f} to {high:+.2f} when the choice of the "
            "test images is counted, too.",
            low=low,
            high=high,
        )
    ]


def finer_detail(e: Evidence) -> list[str]:
    """Tell what blur costs."""
    found = e.compared("cnn_b", "cnn_a", BLUR)
    if found is None:
        return []
    return [
        say(
            "Accuracy lost to blur, {a} against {b}, over {seeds} seeds: {measured}.",
            a=e.title("cnn_b"),
            b=e.title("cnn_a"),
            seeds=found["seeds"],
            measured=measured(found),
        ),
        say(
            "Here CNN B sees the whole picture, CNN A all but the strip. What blur costs shows what a network relies "
            "on, not all that it could see."
        ),
    ]


def structure(e: Evidence) -> list[str]:
    """Tell of permutations, among visible pixels and of all."""
    visible = (
        ("cnn_a_permuted_visible", "cnn_a"),
        ("baseline_permuted_visible", "baseline_visible"),
        ("cnn_a_permuted_visible", "baseline_permuted_visible"),
    )
    of_all = (("cnn_a_permuted", "cnn_a"), ("baseline_permuted", "baseline"), ("cnn_1x1", "cnn_a"))
    told = [*e.sentences(*visible), *e.sentences(*of_all)]
    if e.compared("cnn_a_permuted", "cnn_a"):
        told.append(
            say(
                "The permutation of all pixels takes more than neighbourhoods from CNN A: it puts 108 pixels from all "
                "over the picture into the strip that it does not see."
            )
        )
    return told


def hierarchy(e: Evidence) -> list[str]:
    """Tell of one and three layers against two."""
    told = e.sentences(("cnn_a", "cnn_one"), ("cnn_three", "cnn_a"))
    if {"cnn_one", "cnn_a"} <= e.rows.keys():
        told.append(
            say(
                "More than the number of layers differs. Behind its last pooling {a} sees {field} by {field} pixels at "
                "once, and takes {work:,} multiply-adds a picture; {b} sees {less} by {less}, and takes {less_work:,}.",
                a=e.title("cnn_a"),
                b=e.title("cnn_one"),
                field=receptive_field("cnn_a").size,
                less=receptive_field("cnn_one").size,
                work=e.rows["cnn_a"]["multiply_adds"],
                less_work=e.rows["cnn_one"]["multiply_adds"],
            )
        )
    return told


def invariance(e: Evidence) -> list[str]:
    """Tell what moves cost that cut nothing off, and those that do."""
    told: list[str] = [
        say(
            "{title}, over {seeds} seeds: right about {shrunk:.1f} % of garments shrunk to 20 pixels; {one:.1f} points "
            "fewer when they are moved by one pixel, {two:.1f} by two, {four:.1f} by four. Whole pictures, whose edges "
            "are cut, cost {whole:.1f} points when moved by two.",
            title=e.title(name),
            seeds=found["seeds"],
            shrunk=found["shrunk"]["mean"] * 100,
            whole=found["lost"]["whole"]["2"]["mean"] * 100,
            **{
                word: found["lost"]["shrunk"][distance]["mean"] * 100
                for word, distance in (("one", "1"), ("two", "2"), ("four", "4"))
            },
        )
        for name in ("cnn_a", "cnn_b", "baseline", "baseline_shifted", "cnn_a_shifted")
        if (found := e.examined(name))
    ]
    if told:
        told.append(
            say(
                "No network saw shrunk garments in training: what moving costs with them need not be what it would "
                "cost with garments of the usual size."
            )
        )
    return told


def tolerance(e: Evidence) -> list[str]:
    """Tell of CNNs against the dense network, with whole pictures and with garments of which nothing is cut off."""
    told = e.moved(("cnn_a", "baseline"), ("cnn_b", "baseline"))
    cnn, dense = e.examined("cnn_a"), e.examined("baseline")
    if cnn and dense:
        (a, a_moved), (b, b_moved) = (
            (of["shrunk"]["mean"] * 100, (of["shrunk"]["mean"] - of["lost"]["shrunk"]["2"]["mean"]) * 100)
            for of in (cnn, dense)
        )
        told.append(
            say(
                "Of shrunk garments, of which nothing is cut off, CNN A is right about {a:.1f} %, and about "
                "{a_moved:.1f} % when they are moved by two pixels; the dense network about {b:.1f} % and "
                "{b_moved:.1f} %. Who is right less often has less to lose. The rule counts whole pictures alone.",
                a=a,
                a_moved=a_moved,
                b=b,
                b_moved=b_moved,
            )
        )
    return told


def invariance_learned(e: Evidence) -> list[str]:
    """Tell what moved copies teach."""
    told = [
        *e.moved(
            ("baseline_shifted", "cnn_a"),
            ("baseline_shifted", "baseline"),
            ("cnn_a_shifted", "cnn_a"),
            ("cnn_a_shifted", "baseline_shifted"),
        ),
        *e.sentences(("baseline_shifted", "baseline"), ("cnn_a_shifted", "cnn_a")),
    ]
    if told:
        told.append(
            say(
                "The copies in training were moved by up to two pixels: as far as this test moves pictures, and no "
                "farther."
            )
        )
    return told


def fewer_parameters(e: Evidence) -> list[str]:
    """Count parameters, and tell of smaller networks of both kinds."""
    counts = [
        say(
            "{title} {parameters:,} ({convolutions:,} of them in its convolutions)"
            if row["kernel_size"]
            else "{title} {parameters:,}",
            title=row["title"],
            parameters=row["parameters"],
            convolutions=row["convolution_parameters"],
        )
        for row in (e.rows.get(name) for name in ("baseline", "cnn_a", "cnn_b", "cnn_5x5_matched", "cnn_half"))
        if row is not None
    ]
    told: list[str] = [say("Trainable parameters: {counts}.", counts=joined("; ", counts))] if counts else []
    for name in ("baseline", "cnn_a", "cnn_b"):
        if found := e.examined(name):
            results = [
                say("{share:.0f} %: {accuracy:.1f} %", share=float(share) * 100, accuracy=of["mean"] * 100)
                for share, of in found["pruned"].items()
            ]
            told.append(
                say(
                    "{title}, accuracy with so many of its weights set to 0, the smallest first: {results}.",
                    title=e.title(name),
                    results=joined("; ", results),
                )
            )
    if {"cnn_half", "baseline"} <= e.rows.keys():
        told.append(
            say(
                "Fewer parameters are not less work: {a} takes {more:,} multiply-adds a picture, {b} {less:,}.",
                a=e.title("cnn_half"),
                b=e.title("baseline"),
                more=e.rows["cnn_half"]["multiply_adds"],
                less=e.rows["baseline"]["multiply_adds"],
            )
        )
    pairs = (("cnn_half", "baseline"), ("cnn_quarter", "baseline"), ("dense_32", "baseline"), ("dense_512", "baseline"))
    further = (("cnn_5x5_matched", "baseline"), ("dense_matched", "cnn_a"), ("dense_matched", "baseline"))
    return [*told, *e.sentences(*pairs, *further)]


def less_data(e: Evidence) -> list[str]:
    """Tell of the learning curves: the ratio, then every size."""
    if e.curve is None:
        return []
    told: list[str] = []
    found = e.curve["comparison"]
    if found is not None and found["ci95"] is not None:
        low, high = found["ratio_ci95"]
        told.append(
            say(
                "For {target:.0f} % test accuracy the dense network needs {ratio:.2f} times as many training images as "
                "CNN A (95 % CI {low:.2f} to {high:.2f}, over {seeds} seeds).",
                target=TARGET * 100,
                ratio=found["ratio"],
                low=low,
                high=high,
                seeds=found["seeds"],
            )
        )
    needed = [
        say("{title} needs about {images:,.0f}", title=e.title(name), images=round(images, -2))
        for name, images in e.curve["images_for_85"].items()
        if images is not None
    ]
    if needed:
        told.append(
            say(
                "Read off the mean curves, not seed by seed, {target:.0f} % test accuracy takes so many training "
                "images: {needed}.",
                target=TARGET * 100,
                needed=joined("; ", needed),
            )
        )
    for point in e.curve["cnn_a"]:
        c = e.compared(f"cnn_a_n{point['images']}", f"baseline_n{point['images']}")
        if c is not None:
            told.append(
                say(
                    "With {images:,} images, CNN A against the dense network: {measured}.",
                    images=point["images"],
                    measured=measured(c),
                )
            )
    return told
