"""Resolving DIDs: from who somebody is to how their signatures are verified (protocol §2.6, §2.7, §2.8, §8.5).

    Resolver     what a process has one of: own DID, did:key, did:mailto, and a source for each other method
    Source       the documents of one method: asked for once, kept, asked for again, kept on when nobody answers
    Fetcher      one question to one host: WebFetcher (did:web), PlcFetcher (did:plc)
    Http         a GET that nobody can make long, large, or go where it must not: Reach says which addresses, Slots how many

`open_resolver` puts them together.
"""

from forge.resolve.opening import Resolution, open_resolver
from forge.resolve.plc import PLC_DIRECTORY
from forge.resolve.reach import Reach
from forge.resolve.resolver import Resolver
from forge.resolve.web import web_url

__all__ = ["PLC_DIRECTORY", "Reach", "Resolution", "Resolver", "open_resolver", "web_url"]
