"""What may be given as configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from kgwcore import KgwError
from kgwcore.sources import read, stamps
from support import GATEWAY


def test_a_text_has_a_line_break() -> None:
    (document,) = read("kind: Gateway\n")
    assert (document.file, document.text, document.from_file) == ("<text>", b"kind: Gateway\n", False)


def test_a_dict_is_one_document() -> None:
    (document,) = read({"kind": "Gateway"})
    assert (document.text, document.from_file) == (b'{"kind": "Gateway"}', False)


def test_nothing_is_nothing() -> None:
    assert read(None) == []
    assert read([]) == []


def test_a_directory_is_its_manifests_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a/z.yml", "c.json", "notes.txt"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
    documents = read(tmp_path)
    assert [document.text for document in documents] == [b"a/z.yml", b"b.yaml", b"c.json"]
    assert documents[0].file == str(tmp_path / "a" / "z.yml")
    assert all(document.from_file for document in documents)


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "manifest"
    file.write_bytes(b"\xff")
    assert [document.text for document in read(str(file))] == [b"\xff"]


def test_a_list_mixes_kinds_of_sources(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(GATEWAY)
    assert [document.from_file for document in read([file, GATEWAY, {"kind": "Gateway"}])] == [True, False, False]


def test_a_path_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        read("no-such-file.yaml")


@pytest.mark.parametrize("source", [7, b"kind: Gateway\n"])
def test_what_is_no_source(source: object) -> None:
    with pytest.raises(KgwError, match="a source is a path"):
        read(source)  # type: ignore[arg-type]


def test_stamps_change_with_the_files(tmp_path: Path) -> None:
    source = [str(tmp_path), GATEWAY]
    assert stamps(source) == {}
    (tmp_path / "a.yaml").write_text("a")
    first = stamps(source)
    assert list(first) == [str(tmp_path / "a.yaml")]
    (tmp_path / "a.yaml").write_text("ab")
    assert stamps(source) != first
    (tmp_path / "a.yaml").unlink()
    assert stamps(source) == {}
