# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["kserve==0.21.0"]
# ///
"""Checks an InferenceService, given as JSON, by the models of KServe's own SDK: ``kserve_models.py MANIFEST``."""

import json
import re
import sys

import kserve.models
import kubernetes.client


def check(value, kind):
    """Require that a value has the fields and types of a model, down to the last.

    Raises:
        SystemExit: it has not.

    """
    if inner := re.fullmatch(r"[Ll]ist\[(.*)\]", kind):
        for one in value:
            check(one, inner[1])
    elif inner := re.fullmatch(r"[Dd]ict[(\[]str, (.*)[)\]]", kind):
        for one in value.values():
            check(one, inner[1])
    elif kind in PLAIN:
        if not isinstance(value, PLAIN[kind]):
            sys.exit(f"{value!r} is no {kind}")
    elif kind != "object":
        model = getattr(kserve.models, kind, None) or getattr(kubernetes.client, kind)
        fields = {model.attribute_map[name]: inner for name, inner in model.openapi_types.items()}
        for name, one in value.items():
            if name not in fields:
                sys.exit(f"{kind} has no field {name!r}; it has {', '.join(fields)}")
            check(one, fields[name])


PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}

check(json.loads(sys.argv[1]), "V1beta1InferenceService")
