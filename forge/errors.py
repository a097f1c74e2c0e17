"""Everything that forge raises on purpose, split by who must act.

    ForgeError
    ├── DecodeError            whoever sent the bytes: they are not what they claim to be
    │   ├── DagCborError           not strict DAG-CBOR
    │   ├── DagJsonError           not DAG-JSON
    │   ├── CIDError               not a CID
    │   ├── DIDError               not a DID
    │   ├── KeyFormatError         not a key in a form that is read here
    │   ├── VarsigError            not a varsig header
    │   ├── CommandError           not a command
    │   ├── PolicyError            not a policy (statement, selector or pattern)
    │   ├── TokenError             not a delegation, an invocation or a receipt
    │   └── ContainerError         not a container
    ├── Failure                whoever invoked: the receipt says `error` with this name and message
    │   ├── (verification)         InvalidSignature, Expired, TooEarly, UnavailableProof, InvalidAudience,
    │   │                          InvalidSubject, InvalidClaim, ImpossibleAttenuation, MatchError, Revoked,
    │   │                          UnverifiableSignature, DIDKeyResolutionError
    │   ├── (execution)            HandlerNotFound, MalformedArguments, HandlerExecutionError
    │   └── (declared)             what the commands declare, each beside its command
    ├── ServiceError           whoever calls a service: it was not reached, or it answered something else
    ├── StoreError             the operator: the store did not take the work; nothing of it was kept
    └── ConfigurationError     the operator: the service cannot start like this

A failure's class name is its name on the wire, so those classes carry no `Error` suffix that the wire does not have.
"""

from __future__ import annotations


class ForgeError(Exception):
    """Whatever forge raises on purpose."""


class DecodeError(ForgeError, ValueError):
    """Bytes or text from somebody else that are not what they claim to be."""


class DagCborError(DecodeError):
    """Not strict DAG-CBOR. `offset` is the byte at which that showed."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} (at byte {offset})")
        self.offset = offset


class DagJsonError(DecodeError):
    """Not DAG-JSON."""


class CIDError(DecodeError):
    """Not a CID."""


class DIDError(DecodeError):
    """Not a DID."""


class KeyFormatError(DecodeError):
    """Not a key in a form that is read here."""


class VarsigError(DecodeError):
    """Not a varsig header."""


class CommandError(DecodeError):
    """Not a command."""


class PolicyError(DecodeError):
    """Not a policy. `place` is the path of indices into it, such as `[2][1]`."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(f"policy{place}: {message}" if place else message)
        self.reason = message
        self.place = place


class TokenError(DecodeError):
    """Not a delegation, an invocation or a receipt. The message names the field."""


class ContainerError(DecodeError):
    """Not a container."""


class Failure(ForgeError):
    """A named refusal that becomes the `error` of a receipt: `{name, message}`.

    The class name is the name on the wire. The message is for whoever invoked: it says what was expected, what was
    found, and where.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def name(self) -> str:
        """The name on the wire."""
        return type(self).__name__


# -- verification: protocol §8.5 -------------------------------------------------------------------------------------


class InvalidSignature(Failure):
    """No verification method of the issuer made this signature."""


class UnverifiableSignature(Failure):
    """A signature of a kind that nothing can verify, such as the absentee kind."""


class Expired(Failure):
    """`exp` has passed."""


class TooEarly(Failure):
    """`nbf` has not been reached."""


class UnavailableProof(Failure):
    """A linked proof did not come with the request."""


class InvalidAudience(Failure):
    """Issuer and audience of neighbours do not meet, or the invocation is for another service."""


class InvalidSubject(Failure):
    """A delegation is about another subject than the invocation, or the command does not serve this subject."""


class InvalidClaim(Failure):
    """Nothing gives the issuer any authority over the subject."""


class ImpossibleAttenuation(Failure):
    """A proof's command does not cover the invoked one."""


class MatchError(Failure):
    """The arguments do not satisfy a policy of the chain."""


class Revoked(Failure):
    """A proof has been revoked by an issuer of the chain."""


class DIDKeyResolutionError(Failure):
    """The keys of a DID could not be found out."""


# -- execution: protocol §11 -----------------------------------------------------------------------------------------


class HandlerNotFound(Failure):
    """No handler for exactly this command."""


class MalformedArguments(Failure):
    """The arguments are not of the command's shape. The message names each key and what was expected."""


class HandlerExecutionError(Failure):
    """Something went wrong here. The message names the command and a reference for the operator, nothing more."""


# -- the outside -----------------------------------------------------------------------------------------------------


class ServiceError(ForgeError):
    """A service was not reached, or answered something that is not an answer to the question."""


class StoreError(ForgeError):
    """The store did not take the work. Nothing of it was kept; the same work may be tried again."""


class ConfigurationError(ForgeError):
    """The service cannot start like this. The message names the setting and what to do."""
