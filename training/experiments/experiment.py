"""What an experiment is: data, whose fingerprint says whether a recorded run is still a run of it."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from training.data.fashion_mnist import Images, black_out_strip, permute_pixels, permute_visible_pixels
from training.data.photograph_conversion import SHARES
from training.sentences import Sentence, joined, say


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: by shuffled mini-batches, for a fixed number of epochs.

    The weights of the last epoch count: picking the best epoch by validation accuracy would flatter that accuracy.

    Attributes:
        epochs: passes over the training images.
        batch_size: images a step.
        learning_rate: the optimiser's; its highest where there is a schedule.
        optimizer: ``adam``, or ``sgd`` with Nesterov's momentum of 0.9.
        cosine: whether the rate rises over the first epoch and then falls along a cosine to 0 (Loshchilov and Hutter
            2017); constant otherwise.
        warmup_share: of the steps, in which the rate rises; 0 is one epoch. A long rise to a high rate is Smith's
            one-cycle schedule (2018).
        weight_decay: decoupled from the gradient (Loshchilov and Hutter 2019).
        copies: how many copies of every image take turns, one an epoch, each with the garment moved otherwise; see
            ``augmentation.moved``. 1 is the image alone.
        interleaved: whether every other epoch shows the images as they are, or mirrored: copies 0 and 1.
        redrawn: whether those copies vary in contrast too; see ``augmentation.redrawn``.
        teacher: the experiment whose network (seed 0) says what is right, in place of the labels; see ``distillation``.
        batch_normalisation: whether hidden layers are normalised in training (Ioffe and Szegedy 2015); folded into the
            weights afterwards, so that the network's graph is unchanged. See ``batch_norm_folding``.
        bfloat16: whether layers compute in bfloat16 in training, twice as fast where the CPU can; the weights are
            float32 (Micikevicius et al. 2018).
        dropout: share of what enters the last hidden layer that is dropped in training; half as much after it.
        jittered: whether each image is mirrored or not and moved by up to a pixel, anew in every epoch.
        shifted: by up to how many pixels each image is moved, anew in every epoch.
        photographs: how many varied copies of every photograph an epoch shows beside the dataset; 0 is none. Where
            there are some, pictures without clothing are shown too, and an eleventh class stands for what is none of
            the ten (outlier exposure: Hendrycks, Mazeika and Dietterich 2019). It is left out at the end.
        mixtures: shares of brightness in which photographs are shown, in training and when they are asked about; see
            ``photograph_conversion.SHARES``.

    """

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 1e-3
    cosine: bool = False
    weight_decay: float = 0.0
    copies: int = 1
    interleaved: bool = False
    redrawn: bool = False
    teacher: str | None = None
    optimizer: Literal["adam", "sgd"] = "adam"
    warmup_share: float = 0.0
    batch_normalisation: bool = False
    bfloat16: bool = False
    dropout: float = 0.0
    jittered: bool = False
    photographs: int = 0
    mixtures: tuple[float, ...] = SHARES
    shifted: int = 0

    @property
    def in_words(self) -> str:
        """Say how, in whole sentences."""
        rate = (
            say("falling from {rate} to 0 along a cosine", rate=self.learning_rate)
            if self.cosine
            else say("{rate}", rate=self.learning_rate)
        )
        said = [
            say(
                "{epochs} epochs of {optimizer}, learning rate {rate}, {batch_size} images a step.",
                epochs=self.epochs,
                optimizer="Adam" if self.optimizer == "adam" else "SGD with momentum",
                rate=rate,
                batch_size=self.batch_size,
            )
        ]
        if self.warmup_share:
            said.append(say("The rate rises over the first {share:.0%} of the steps.", share=self.warmup_share))
        if self.weight_decay:
            said.append(say("Weight decay {decay}.", decay=self.weight_decay))
        if self.batch_normalisation:
            said.append(say("Hidden layers were normalised by batch, folded into the weights at the end."))
        if self.bfloat16:
            said.append(say("Training computed in bfloat16, with float32 weights."))
        if self.dropout:
            said.append(
                say("Dropout {share:g} before the last hidden layer and half as much after it.", share=self.dropout)
            )
        if self.jittered:
            said.append(say("Every image was mirrored at random and moved by up to a pixel, anew in each epoch."))
        if self.shifted:
            said.append(say("Every image was moved by up to {pixels} pixels, anew in each epoch.", pixels=self.shifted))
        if self.photographs:
            said.append(
                say(
                    "Beside the dataset, each epoch showed {copies} varied copies of every training photograph, "
                    "an enlarged corner of each, and drawn pictures without clothing. An eleventh class, of what is "
                    "none of the ten, was left out at the end.",
                    copies=self.photographs,
                )
            )
        if self.mixtures == (1.0,):
            said.append(say("Photographs were shown by their brightness alone."))
        if self.mixtures == (0.0,):
            said.append(say("Photographs were shown by their colours' distance from the border's alone."))
        if self.copies > 1:
            varied = "moved, mirrored and redrawn" if self.redrawn else "moved and mirrored"
            said.append(say("The images took turns with copies of them that were {varied}.", varied=varied))
        if self.interleaved:
            said.append(say("Every other epoch showed the images as they are, or mirrored."))
        if self.teacher is not None:
            said.append(
                say(
                    "It learnt a larger network's probabilities ({teacher}) in place of the labels; that one saw no "
                    "image that this one is validated on.",
                    teacher=self.teacher,
                )
            )
        return joined(" ", said)


@dataclass(frozen=True)
class Experiment:
    """One arm of the comparison.

    Attributes:
        name: what commands, files and the API call it.
        title: what people read.
        group: the heading of the report it stands under.
        architecture: a key of ``architectures.ARCHITECTURES``.
        arguments: what that function is called with.
        hypothesis: what is expected of it, shown beside what was measured.
        against: the experiments it is compared with. Each comparison has its price: see ``report/rules.toml``.
        seeds: how many repetitions the report asks for.
        first_seed: of those repetitions.
        served: whether a release exports it.
        train_size: how many training images it sees, the same number of every class; None for all 55,000.
        permuted: whether one permutation of the pixels is applied to every image, in training and test: the same for
            all seeds, or one for each seed where only visible pixels are permuted.
        visible: whether the rows and columns that CNN A does not see are black, in training and test.
        recipe: how it is trained.
        probed: whether its networks are also tried on moved and corrupted pictures.
        spared_seeds: it does not see what seeds 0 to n-1 of others validate on either, so that it can teach them.

    """

    name: str
    title: str
    group: str
    architecture: str
    arguments: dict[str, int | str]
    hypothesis: str
    against: tuple[str, ...] = ()
    seeds: int = 5
    first_seed: int = 0
    served: bool = False
    train_size: int | None = None
    permuted: bool = False
    visible: bool = False
    recipe: Recipe = field(default_factory=Recipe)
    probed: bool = True
    spared_seeds: int = 0

    def trained_otherwise(self, name: str, title: str, group: str, hypothesis: str, recipe: Recipe) -> "Experiment":
        """Give the same network by another recipe: once, compared with nothing, not served, not probed."""
        return replace(
            self,
            name=name,
            title=title,
            group=group,
            hypothesis=hypothesis,
            recipe=recipe,
            against=(),
            seeds=1,
            served=False,
            probed=False,
        )

    def as_seen(self, images: Images, *, seed: int) -> Images:
        """Do to uint8 (N, 28, 28) what a run of this experiment does to every image before its network sees it."""
        if self.visible:
            return permute_visible_pixels(images, seed=seed) if self.permuted else black_out_strip(images)
        return permute_pixels(images) if self.permuted else images

    @property
    def kernel_size(self) -> int | None:
        """Height and width of the convolution kernels in pixels; None where nothing is convolved."""
        size = self.arguments.get("kernel_size")
        return size if isinstance(size, int) else None

    @property
    def convolution_parameters(self) -> int:
        """Weights and biases of the convolutions; 0 where nothing is convolved."""
        if self.kernel_size is None:
            return 0
        area = self.kernel_size**2
        first, channels = int(self.arguments.get("first", 32)), int(self.arguments.get("channels", 64))
        if self.architecture == "cnn_depth":
            deeper = 0 if self.arguments["convolutions"] == 1 else (area * 32 + 1) * 64 + (area * 64 + 1) * 64
            return (area + 1) * 32 + deeper
        return (area + 1) * first + (area * first + 1) * channels

    @property
    def layers(self) -> list[str]:
        """The network in words, input to output."""
        if self.architecture == "dense":
            return ["Flatten", _dense(self.arguments["units"]), "Dense 10, softmax"]
        if self.architecture == "deep":
            first = int(self.arguments["channels"])
            once, twice, again = (
                say("Conv2D {channels}, 3×3, batch normalisation, ReLU", channels=n)
                for n in (first, 2 * first, 4 * first)
            )
            return [
                *(once, "MaxPool 2×2", twice, twice, "MaxPool 2×2", again, again),
                *("Global average pooling", "Dropout 0.3", "Dense 10, softmax"),
            ]
        size, padding = self.kernel_size, self.arguments.get("padding", "valid")
        if self.architecture == "cnn_depth":
            once, again = (_convolution(n, size, "valid") for n in (32, 64))
            if self.arguments["convolutions"] == 1:
                return [once, "MaxPool 4×4", "Flatten", _dense(104), "Dense 10, softmax"]
            return [
                *(once, "MaxPool 2×2", again, again, "MaxPool 2×2"),
                *("Flatten", _dense(64), "Dense 10, softmax"),
            ]
        return [
            _convolution(self.arguments.get("first", 32), size, padding),
            "MaxPool 2×2",
            _convolution(self.arguments.get("channels", 64), size, padding),
            "MaxPool 2×2 that drops nothing" if self.arguments.get("last_pooling") == "same" else "MaxPool 2×2",
            "Flatten" if self.arguments.get("head", "flatten") == "flatten" else "Global average pooling",
            _dense(self.arguments.get("units", 64)),
            "Dense 10, softmax",
        ]

    def fingerprint(self, seed: int) -> str:
        """Hash what decides a run's numbers, so that a changed experiment is run again and an unchanged one is not."""
        decisive: dict[str, object] = {
            "architecture": self.architecture,
            "arguments": self.arguments,
            "recipe": {
                name: value
                for name, value in asdict(self.recipe).items()
                if name in ("epochs", "batch_size", "learning_rate") or value != getattr(Recipe, name)
            },
            "seed": seed,
        }
        # What most experiments do not have does not enter: it may be added without making their runs obsolete.
        decisive |= {"train_size": self.train_size} if self.train_size is not None else {}
        decisive |= {"permuted": True} if self.permuted else {}
        decisive |= {"visible": True} if self.visible else {}
        decisive |= {"spared_seeds": self.spared_seeds} if self.spared_seeds else {}
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _convolution(channels: int | str, size: int | None, padding: int | str) -> Sentence:
    return say(
        "Conv2D {channels}, {size}×{size}, {padding} padding, ReLU", channels=channels, size=size, padding=padding
    )


def _dense(units: int | str) -> Sentence:
    return say("Dense {units}, ReLU", units=units)
