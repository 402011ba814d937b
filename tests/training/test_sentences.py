"""Sentences in two languages: the same numbers, and no sentence of the report without its Spanish."""

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from string import Formatter

from tests.conftest import MODELS, ROOT
from training.report.figures import _FIGURES
from training.report.glossary import MEANINGS
from training.report.rules import RULES
from training.sentences import Sentence, in_spanish, joined, say, translations

CATALOGUE: dict[str, str] = json.loads((ROOT / "training" / "messages" / "es.json").read_text())


def said() -> Iterator[str]:
    """Every template that the code gives to ``say``."""
    for source in (ROOT / "training").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                template = node.args[0]
                choices = [template.body, template.orelse] if isinstance(template, ast.IfExp) else [template]
                yield from (ast.literal_eval(choice) for choice in choices)


def fields(template: str) -> list[tuple[str | None, str | None]]:
    return sorted((name, form) for _, name, form, _ in Formatter().parse(template) if name is not None)


def test_numbers_are_the_same_in_both_languages() -> None:
    sentence = say("With {images:,} images, CNN A against the dense network: {measured}.", images=30_000, measured="x")
    assert sentence == "With 30,000 images, CNN A against the dense network: x."
    assert sentence.spanish == "Con 30\u202f000 imágenes, CNN A frente a la red densa: x."
    assert say("corrected p = {p:.3f}", p=0.0412).spanish == "p corregida = 0,041"
    assert say("{title} {parameters:,}", title="CNN A", parameters=1_234).spanish == "CNN A, 1234"


def test_a_sentence_is_a_string_that_copies_keep() -> None:
    sentence = joined("; ", [say("as trained"), say("{title} {parameters:,}", title="Teacher", parameters=7)])
    assert json.loads(json.dumps([sentence])) == ["as trained; Teacher 7"]
    for copied in (copy.deepcopy(sentence), pickle.loads(pickle.dumps(sentence)), str(sentence)):  # noqa: S301
        assert isinstance(copied, Sentence)
        assert (copied, copied.spanish) == ("as trained; Teacher 7", "sin ajustar; Maestra, 7")
    assert translations({"a": [sentence, "unknown", 3]}) == {sentence: "sin ajustar; Maestra, 7"}


def test_every_template_has_its_spanish_with_the_same_numbers() -> None:
    templates = set(said())
    assert len(templates) > 20
    assert templates - CATALOGUE.keys() == set()
    for english, spanish in CATALOGUE.items():
        assert fields(english) == fields(spanish), english


def test_every_constant_has_its_spanish() -> None:
    constants = [words for rule in RULES.values() for words in (rule.claim, rule.rule)]
    constants += [words for module in _FIGURES.values() for words in (module.TITLE, module.CAPTION)]
    constants += [*MEANINGS.values(), *(word for word in MEANINGS if word != "p")]
    assert [words for words in constants if in_spanish(words) == words] == []


def test_the_released_report_is_translated_whole() -> None:
    report = json.loads((MODELS / "experiments.json").read_text())
    spanish = json.loads((MODELS / "messages" / "es.json").read_text())
    prose = [c[key] for c in report["claims"] for key in ("claim", "sentence", "rule")]
    prose += [sentence for c in report["claims"] for sentence in c["evidence"]]
    prose += [e[key] for e in report["experiments"] for key in ("observations", "hypothesis", "group")]
    prose += [one["meaning"] for one in report["words"]]
    prose += [figure[key] for figure in report["figures"] for key in ("title", "caption")]
    assert [english for english in prose if english not in spanish] == []
    for english, translated in spanish.items():
        # The same numbers: decimal commas aside, and groups of digits.
        written = [re.sub(r"[,.\u202f]", "", number) for number in re.findall(r"\d[\d.,\u202f]*", english)]
        found = [re.sub(r"[,.\u202f]", "", number) for number in re.findall(r"\d[\d.,\u202f]*", translated)]
        assert written == found, english
    for figure in report["figures"]:
        assert (MODELS / figure["file"].replace("figures/", "figures/es/")).is_file()
