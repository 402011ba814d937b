"""What can go wrong between here and AWS, each as one paragraph: what was wrong, and what to do."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

Found = TypeVar("Found")

_BAD_CREDENTIALS = {
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
    "SignatureDoesNotMatch", "AuthFailure", "InvalidAccessKeyId",
}  # fmt: skip
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_QUOTA = {"ResourceLimitExceeded", "ServiceQuotaExceededException", "LimitExceeded", "LimitExceededException"}

_SIGN_IN = "sign in (aws sso login, or aws configure) or name a profile that is signed in: AWS_PROFILE=NAME"


class DeploymentError(Exception):
    """Something the user can put right; the message says what and how, and the command exits with 1."""


def explain(error: ClientError | BotoCoreError, *, given: str = "") -> str:
    """Turn an error of AWS, or of the way to it, into one paragraph.

    Args:
        error: as botocore raised it.
        given: the options that name the deployment, for the commands that are advised.

    """
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"no AWS credentials were found; {_SIGN_IN}"
    if isinstance(error, SSOError | LoginError | TokenRetrievalError | NoAuthTokenError | CredentialRetrievalError):
        return f"the AWS credentials cannot be used ({error}); {_SIGN_IN}"
    if isinstance(error, ProfileNotFound):
        return f"{error}; {_SIGN_IN}"
    if isinstance(error, NoRegionError):
        return "no AWS region is chosen; pass --region, for example --region us-east-1, or set AWS_DEFAULT_REGION"
    if isinstance(
        error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError | SSLError | HTTPClientError
    ):
        return f"AWS cannot be reached ({error}); check the network, a proxy, and the spelling of the region"
    if not isinstance(error, ClientError):
        return f"{type(error).__name__}: {error}"
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    operation = error.operation_name
    if code in _BAD_CREDENTIALS:
        return f"AWS does not accept the credentials ({code}: {said}); {_SIGN_IN}"
    if code in _DENIED and operation in ("CreateRole", "PutRolePolicy", "TagRole"):
        return (
            f"no role was given and these credentials may not create one ({said}); pass --role ARN, a role that "
            f"sagemaker.amazonaws.com may assume. What it must be allowed to do: python -m deploy plan{given} --policy"
        )
    if code in _DENIED:
        return (
            f"these credentials may not call {operation} ({said}); ask whoever manages the account for that "
            f"permission, or name another profile: AWS_PROFILE=NAME"
        )
    if code in _QUOTA:
        return (
            f"a quota of the account is used up: {said} Ask for more in the console under Service Quotas, Amazon "
            f"SageMaker, or choose another --instance-type or fewer --instances"
        )
    return f"AWS refused {operation} ({code}): {said}"


def code_of(error: ClientError) -> str:
    """Name the error's code, such as ``ValidationException``."""
    code: str = error.response["Error"].get("Code", "")
    return code


def is_missing(error: ClientError) -> bool:
    """Whether an error says that what was asked for does not exist.

    SageMaker answers ``ValidationException`` ("Could not find …") where other services have a code of their own; moto
    answers so ("No scaling policy found …") where AWS has ObjectNotFoundException.
    """
    code = code_of(error)
    words = ("NotFound", "NoSuch", "404", "ResourceNotFoundException")
    said = error.response["Error"].get("Message", "")
    return any(word in code for word in words) or (
        code == "ValidationException"
        and ("ould not find" in said or said.endswith("does not exist.") or said.startswith("No scaling policy found"))
    )


def if_there(look: Callable[[], Found]) -> Found | None:
    """Look something up; None where it does not exist."""
    try:
        return look()
    except ClientError as error:
        if is_missing(error):
            return None
        raise
