"""A plan on its way into another tool's language: what the languages have in common."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from deploy.account import Account
from deploy.export.recording import Recording


class Translation(ABC):
    """A translation under construction; each language says how it writes the parts."""

    _ACCOUNT: ClassVar[str]
    _REGION: ClassVar[str]
    _PARTITION: ClassVar[str]

    def __init__(self, account: Account, plan: Recording) -> None:
        self._account, self._plan = account, plan
        self._resources: dict[str, Any] = {}
        self._references: dict[str, Any] = {}

    def build(self) -> dict[str, Any]:
        """Translate every call of the plan."""
        self._bucket()
        self._roles()
        self._logs()
        self._topic()
        self._endpoint()
        self._guard()
        self._scaling()
        self._alarms()
        return self._written()

    @abstractmethod
    def _bucket(self) -> None: ...

    @abstractmethod
    def _roles(self) -> None: ...

    @abstractmethod
    def _logs(self) -> None: ...

    @abstractmethod
    def _topic(self) -> None: ...

    @abstractmethod
    def _endpoint(self) -> None: ...

    @abstractmethod
    def _guard(self) -> None: ...

    @abstractmethod
    def _scaling(self) -> None: ...

    @abstractmethod
    def _alarms(self) -> None: ...

    @abstractmethod
    def _written(self) -> dict[str, Any]:
        """Write the whole, once its parts are there."""

    def _role_arn(self, made: dict[str, Any]) -> str:
        """Give the ARN that the plan has for a role."""
        return f"arn:{self._account.partition}:iam::{self._account.number}:role/{made['RoleName']}"

    def _resolved(self, value: Any) -> Any:
        """Put references and the user's own account and region where the plan has its stand-ins."""
        if isinstance(value, dict):
            return {key: self._resolved(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._resolved(member) for member in value]
        if not isinstance(value, str):
            return value
        return self._references[value] if value in self._references else self._resolved_text(value)

    def _resolved_text(self, text: str) -> Any:
        if ":aws-sdk:" not in text:  # the one ARN that has no region and no account
            text = text.replace(self._account.number, self._ACCOUNT).replace(self._account.region, self._REGION)
        return text.replace(f"arn:{self._account.partition}:", f"arn:{self._PARTITION}:")
