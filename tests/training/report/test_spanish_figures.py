"""Figures in Spanish: titles, labels of axes, and the names and numbers along them."""

from matplotlib.figure import Figure

from training.report.figures.spanish import translate


def test_every_label_is_translated() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set(xlabel="Epoch", ylabel="Test accuracy, %")
    left.plot([0.25, 0.5])
    left.set_xticks([0, 1], ["Baseline\n(dense)", "CNN A,\ntuned"])
    right.set_xticks([0, 1, 2], ["0.5", "3,000", "30,000"])
    right.set_yticks([0, 1], ["Ankle boot", "CNN A (3×3)"])
    translate(figure)
    figure.draw_without_rendering()
    assert [label.get_text() for label in left.get_xticklabels()] == ["Referencia\n(densa)", "CNN A,\nafinada"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["0,5", "3000", "30\u202f000"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["Botín", "CNN A (3×3)"]
    assert (left.get_xlabel(), left.get_ylabel()) == ("Época", "Exactitud de prueba, %")
    assert "0,25" in [label.get_text() for label in left.get_yticklabels()]
