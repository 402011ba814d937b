# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["kserve==0.21.0"]
# ///
"""Checks an InferenceService, given as JSON, by the models of KServe's own SDK: ``kserve_models.py MANIFEST``."""

import json
import re
import sys

import kserve.models
import kubernetes.client.models

MODELS = vars(kubernetes.client.models) | vars(kserve.models)


def check(value, kind):
    """Require that a value has the fields and types of a model, down to the last.

    Raises:
        SystemExit: it has not.

    """
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        for one in value:
            check(one, inner[1])
    elif inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        for one in value.values():
            check(one, inner[1])
    elif model := MODELS.get(kind.removeprefix("K8sIo")):
        fields = {model.attribute_map[name]: inner for name, inner in model.openapi_types.items()}
        for name, one in value.items():
            if name not in fields:
                sys.exit(f"{kind} has no field {name!r}; it has {', '.join(fields)}")
            check(one, fields[name])
    elif kind in PLAIN and not isinstance(value, PLAIN[kind]):
        sys.exit(f"{value!r} is no {kind}")


PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}

check(json.loads(sys.argv[1]), "V1beta1InferenceService")
