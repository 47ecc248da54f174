"""Where what can be made again is kept."""

from pathlib import Path

import pytest

from basketry.disk.cache import user_cache


def test_the_nearest_setting_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BASKETRY_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert user_cache() == tmp_path / "own"
    monkeypatch.setenv("BASKETRY_CACHE", "")
    assert user_cache() is None
    monkeypatch.delenv("BASKETRY_CACHE")
    assert user_cache() == tmp_path / "xdg" / "basketry"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache() == tmp_path / "home" / ".cache" / "basketry"


def test_who_has_no_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("BASKETRY_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert user_cache() is None
