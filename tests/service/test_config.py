"""What a service cannot start with is one clear line that names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge.config import CONFIG_FILE, Settings, find, load, prepare_dev, signer_of, store_of, write_private
from forge.errors import ConfigurationError
from forge.keys import Ed25519PrivateKey

KEY = Ed25519PrivateKey(bytes(range(32)))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    write_private(path, KEY.pem())
    return path


def refusal(act: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        act()  # type: ignore[operator]
    return str(caught.value)


class TestIdentity:
    def test_is_the_key_or_a_did_web(self, key: Path) -> None:
        assert signer_of(Settings(key=key)).did == KEY.did
        assert signer_of(Settings(key=key, did=str(KEY.did))).did == KEY.did
        assert signer_of(Settings(key=key, did="did:web:forge.example.com")).did == "did:web:forge.example.com"

    def test_is_never_made_up(self, tmp_path: Path, key: Path) -> None:
        assert refusal(lambda: signer_of(Settings())).startswith("key: a service needs one")
        assert refusal(lambda: signer_of(Settings(key=tmp_path / "none.pem"))).startswith("key: ")
        (tmp_path / "text.pem").write_text("hello")
        assert "no '-----BEGIN PRIVATE KEY-----'" in refusal(lambda: signer_of(Settings(key=tmp_path / "text.pem")))
        assert refusal(lambda: signer_of(Settings(key=key, did="somebody"))).startswith("did: not a DID")
        other = Ed25519PrivateKey.generate().did
        assert str(KEY.did) in refusal(lambda: signer_of(Settings(key=key, did=other)))

    def test_is_kept_by_dev(self, tmp_path: Path, key: Path) -> None:
        settings = Settings(dev=True, data=tmp_path / "deep" / "data")
        assert prepare_dev(settings) is True
        first = signer_of(settings).did
        assert prepare_dev(settings) is False
        assert signer_of(settings).did == first
        given = Settings(dev=True, data=tmp_path / "other", key=key)
        assert prepare_dev(given) is False
        assert signer_of(given).did == KEY.did
        (tmp_path / "file").write_text("")
        assert refusal(lambda: prepare_dev(Settings(dev=True, data=tmp_path / "file" / "data"))).startswith("data: ")

    def test_a_key_is_never_overwritten(self, key: Path) -> None:
        with pytest.raises(FileExistsError):
            write_private(key, b"other")
        assert key.read_bytes() == KEY.pem()
        assert [path.name for path in key.parent.iterdir()] == ["key.pem"]


class TestSettings:
    def test_flags_beat_the_environment_and_that_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "forge.toml"
        file.write_text('port = 1\nhost = "file"\nleeway = 7\n')
        monkeypatch.setenv(CONFIG_FILE, str(file))
        monkeypatch.setenv("FORGE_PORT", "2")
        monkeypatch.setenv("FORGE_HOST", "environment")
        settings = load(port=3, host=None)
        assert (settings.port, settings.host, settings.leeway, settings.workers) == (3, "environment", 7, 1)

    @pytest.mark.parametrize(
        ("text", "said"), [("prot = 9", "prot"), ("port = 70000", "port"), ("port =", "config"), ('workers = "x"', "workers")]
    )
    def test_a_wrong_file_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
        file = tmp_path / "forge.toml"
        file.write_text(text)
        monkeypatch.setenv(CONFIG_FILE, str(file))
        assert refusal(load).startswith(said)

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(CONFIG_FILE, str(tmp_path / "none.toml"))
        assert "none.toml" in refusal(load)

    def test_a_store_is_given(self, tmp_path: Path) -> None:
        assert store_of(Settings(store="sqlite:///x.db")) == "sqlite:///x.db"
        assert store_of(Settings(dev=True, data=tmp_path)) == f"sqlite:///{tmp_path / 'forge.db'}"
        assert refusal(lambda: store_of(Settings())).startswith("store: ")

    @pytest.mark.parametrize("name", ["nowhere:x", "forge:nothing", "forge", ""])
    def test_what_is_not_there_is_named(self, name: str) -> None:
        assert "cannot be imported" in refusal(lambda: find(name))
