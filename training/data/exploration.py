"""Pictures of the dataset itself, for whoever meets it for the first time."""

import numpy as np
from matplotlib.figure import Figure

from training.data.fashion_mnist import CLASS_NAMES, Images, Labels


def examples(images: Images, labels: Labels, *, per_class: int = 8) -> Figure:
    """Show the first images of every class, a row a class.

    Args:
        images: uint8 (N, 28, 28).
        labels: uint8 (N,).
        per_class: how many images a row.

    """
    figure = Figure(figsize=(per_class + 1.5, len(CLASS_NAMES)), layout="constrained")
    axes = figure.subplots(len(CLASS_NAMES), per_class, squeeze=False)
    for label, row in enumerate(axes):
        for axis, image in zip(row, images[labels == label][:per_class], strict=False):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        row[0].set_ylabel(CLASS_NAMES[label], rotation=0, ha="right", va="center")
    return figure


def mean_images(images: Images, labels: Labels) -> Figure:
    """Show each class's mean image: where in the picture, on average, a class has its garment.

    Args:
        images: uint8 (N, 28, 28).
        labels: uint8 (N,).

    """
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    for label, axis in enumerate(figure.subplots(2, 5).flat):
        axis.imshow(images[labels == label].mean(axis=0), cmap="gray", vmin=0, vmax=255)
        axis.set(xticks=[], yticks=[], title=CLASS_NAMES[label])
    return figure


def brightness(images: Images) -> Figure:
    """Show how bright the pixels are: a histogram of all of them, scaled to 0…1 as the networks see them.

    Args:
        images: uint8 (N, 28, 28).

    """
    figure = Figure(figsize=(8, 3), layout="constrained")
    axis = figure.subplots()
    counts = np.bincount(images.ravel(), minlength=256)
    axis.bar(np.arange(256) / 255, counts / counts.sum() * 100, width=1 / 255, color="#0072B2")
    axis.set(xlabel="Brightness of a pixel", ylabel="Share of all pixels, %", yscale="log")
    axis.spines[["top", "right"]].set_visible(False)
    return figure
