"""What an S3 server's refusals mean, and those of the way to it.

Texts are made of codes and names only: what a server says, or the address of a request, may hold more.
"""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    FlexibleChecksumError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from infra.errors import Halt, Retryable

_NO_CREDENTIALS: Final = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
)
_WHAT_TO_DO: Final = {
    "NoSuchBucket": "There is no bucket for {place}: create it with `adjourn setup`, or set another "
    "ADJOURN_OBJECTS_URL, then start again.",
    "InvalidAccessKeyId": "The S3 server of {place} does not know the access key: set the right "
    "AWS_ACCESS_KEY_ID, then start again.",
    "SignatureDoesNotMatch": "The secret does not belong to the access key of {place}: set the right "
    "AWS_SECRET_ACCESS_KEY, then start again.",
    "ExpiredToken": "The session token of {place} is not valid any more: set a new AWS_SESSION_TOKEN, "
    "then start again.",
    "AccessDenied": "S3 refuses {operation} in {place}: let the access key list the bucket, and read, write "
    "and delete there, then start again.",
    "RequestTimeTooSkewed": "The clocks of this machine and of the S3 server of {place} differ too much: "
    "set them right, then start again.",
    "PermanentRedirect": "The bucket of {place} is in another region: set its AWS_DEFAULT_REGION, "
    "then start again.",
    "BucketAlreadyExists": "The bucket of {place} belongs to somebody else: set another "
    "ADJOURN_OBJECTS_URL, then start again.",
    "QuotaExceeded": "The S3 server of {place} is full: make room there, then start again.",
    "NotImplemented": "The S3 server of {place} does not know {operation} as we need it: choose another one, "
    "then start again.",
    "KMS": "The key that encrypts {place} cannot be used: set another ADJOURN_OBJECTS_ENCRYPTION, "
    "or let the access key use it, then start again.",
}
_ALIKE: Final = {
    "InvalidToken": "ExpiredToken",
    "ExpiredTokenException": "ExpiredToken",
    "TokenRefreshRequired": "ExpiredToken",
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "AuthorizationHeaderMalformed": "PermanentRedirect",
    "IllegalLocationConstraintException": "PermanentRedirect",
    "InsufficientStorage": "QuotaExceeded",
    "XMinioStorageFull": "QuotaExceeded",
    "XMinioAdminBucketQuotaExceeded": "QuotaExceeded",
    "InvalidEncryptionAlgorithmError": "KMS",
    # The answer to a HEAD has no body, and so its status is all that there is.
    "301": "PermanentRedirect",
    "401": "AccessDenied",
    "403": "AccessDenied",
    "507": "QuotaExceeded",
}


@contextmanager
def s3_errors(place: str) -> Iterator[None]:
    """Turn what boto3 raises about `place` into `Halt` or `Retryable`. What is our own mistake passes."""
    try:
        yield
    except ParamValidationError:
        raise
    except ClientError as exc:
        raise _refusal(exc, place) from exc
    except _NO_CREDENTIALS as exc:
        raise Halt(
            f"There are no credentials for {place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or any other of the ways that AWS has, then start again."
        ) from exc
    except BotoCoreError as exc:
        raise _no_answer(exc, place) from exc


def code_of(exc: ClientError) -> str:
    """S3's word for what is wrong ("NoSuchKey"), or the status where there was no more ("404")."""
    return exc.response.get("Error", {}).get("Code") or str(_status(exc))


def _refusal(exc: ClientError, place: str) -> Halt | Retryable:
    code, status = code_of(exc), _status(exc)
    known = "KMS" if code.startswith("KMS.") else _ALIKE.get(code, code)
    sentence = _WHAT_TO_DO.get(known) or _WHAT_TO_DO.get(_ALIKE.get(str(status), ""))
    if sentence is None:
        headers = exc.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return Retryable(f"{place}: S3 answers {exc.operation_name} with {code}.", _seconds(headers))
    return Halt(sentence.format(place=place, operation=exc.operation_name))


def _no_answer(exc: BotoCoreError, place: str) -> Halt | Retryable:
    causes = list(_causes(exc))
    if any(isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in causes):
        return Halt(
            f"There is no machine of the name that the S3 server of {place} is said to have: "
            "set the right AWS_ENDPOINT_URL, then start again."
        )
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Halt(
            f"The certificate of the S3 server of {place} is not to be trusted: set AWS_CA_BUNDLE to a file "
            "with that of its authority, then start again."
        )
    match exc:
        case ConnectTimeoutError() | ReadTimeoutError():
            reason = "the S3 server does not answer."
        case EndpointConnectionError():
            reason = "the S3 server cannot be reached."
        case FlexibleChecksumError():
            reason = "what came from S3 does not match its checksum."
        case _:
            reason = f"the connection to the S3 server broke ({type(exc).__name__})."
    return Retryable(f"{place}: {reason}")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _status(exc: ClientError) -> int:
    return exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _seconds(headers: dict[str, str]) -> float | None:
    after = headers.get("retry-after", "")
    return float(after) if after.isdecimal() else None
