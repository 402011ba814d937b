"""The table of the settings, from their own descriptions."""

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from service.settings import Settings, variable


def table() -> list[str]:
    """Write every setting a person may set: name, default, what it may be, what it does."""
    return [
        "| Variable | Default | Allowed | Meaning |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{variable(name, field)}` | {_default(field)} | {_allowed(field)} | {field.description} |"
            for name, field in Settings.model_fields.items()
            if field.description
        ),
    ]


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "computed"
    return "none" if field.default in (None, "") else f"`{field.default}`"


def _allowed(field: FieldInfo) -> str:
    words = []
    for limit in field.metadata:
        match limit:
            case Ge(ge=low):
                words.append(f"≥ {low:,}")
            case Gt(gt=low):
                words.append(f"> {low:,}")
            case Le(le=high):
                words.append(f"≤ {high:,}")
    return ", ".join(words)
