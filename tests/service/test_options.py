"""What an operator sets for the commands: the prefixes that external accounts may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commands import CATALOG
from commands.customer import add as customer_add
from commands.customer import get as customer_get
from commands.customer import update as customer_update
from commands.failures import InvalidExternalAccount
from forge.catalog import Catalog
from forge.config import CONFIG_FILE, load
from forge.errors import ConfigurationError
from forge.keys import Signer
from tests.service.world import PRODUCT, World, running


def arguments(account: str | None) -> customer_add.AddArguments:
    return customer_add.AddArguments(customer=Signer.generate().did, product=PRODUCT, details={}, external_account=account)


async def add(world: World, account: str | None) -> customer_add.AddArguments:
    asked = arguments(account)
    await world.ask(customer_add.add, asked, by=world.service)
    return asked


async def test_only_the_prefixes_that_are_listed(tmp_path: Path) -> None:
    async with running(tmp_path, catalog="commands:CATALOG", options={"external_account_prefixes": ["f1", "stripe"]}) as world:
        for account in ("f1:7f3c", "stripe:cus_1", None):
            known = await add(world, account)
        for account in ("paypal:1", "f:1", "f11:7f3c", "F1:7f3c"):
            failure = await world.refusal(customer_add.add, arguments(account), by=world.service)
            assert isinstance(failure, InvalidExternalAccount)
        assert failure.message.startswith("args.externalAccount: ")
        changed = customer_update.UpdateArguments(customer=known.customer, external_account="paypal:1")
        failure = await world.refusal(customer_update.update, changed, by=world.service)
        assert isinstance(failure, InvalidExternalAccount)
        assert failure.message == "args.externalAccount: expected one of the prefixes f1, stripe"
        found = await world.ask(customer_get.get, customer_get.GetArguments(customer=known.customer), by=world.service)
        assert found.external_account is None


async def test_any_where_none_are_listed(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await add(world, "paypal:1")


class TestConfiguration:
    @pytest.mark.parametrize(
        ("options", "place"),
        [
            ({"external_account_prefixez": ["f1"]}, "options.external_account_prefixez: unknown key"),
            ({"external_account_prefixes": ["F1"]}, "options.external_account_prefixes[0]: "),
            ({"external_account_prefixes": ["f" * 33]}, "options.external_account_prefixes[0]: "),
            ({"external_account_prefixes": []}, "options.external_account_prefixes: "),
            ({"external_account_prefixes": "f1"}, "options.external_account_prefixes"),
        ],
    )
    def test_what_the_commands_do_not_know_is_named(self, options: dict[str, Any], place: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            CATALOG.configure(options)
        assert str(caught.value).startswith(place)

    def test_a_catalogue_without_options_takes_none(self) -> None:
        assert Catalog().configure({}) is not None
        with pytest.raises(ConfigurationError, match=r"^options\.color: unknown key$"):
            Catalog().configure({"color": "red"})

    def test_from_a_file_and_from_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "forge.toml"
        file.write_text('[options]\nexternal_account_prefixes = ["f1"]\n')
        monkeypatch.setenv(CONFIG_FILE, str(file))
        assert CATALOG.configure(load().options).model_dump(by_alias=False) == {"external_account_prefixes": ["f1"]}
        monkeypatch.setenv("FORGE_OPTIONS", '{"external_account_prefixes": ["stripe"]}')
        assert CATALOG.configure(load().options).model_dump(by_alias=False) == {"external_account_prefixes": ["stripe"]}
