"""The emitter against a parser that others wrote."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from kgwcore._cli.yaml import dump

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6).filter(
    lambda number: not math.isnan(number) and "e" not in repr(number)
)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@settings(deadline=None, derandomize=True)
@given(DATA)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert yaml.safe_load(dump(value)) == value


LIKE_SOMETHING_ELSE = ["true", "No", "null", "~", "1", "1.5", "0x10", "1e3", "2026-11-25", "5xx", "5s", "é", "\u2028"]
INDICATORS = ["#", "*", "&a", "=", "<<", "---", "...", "- a", "a: b", "a #b", "\x85", "\U0001f600", "\U000e0001"]
BLANKS = ["", " ", "a\n", "a\n\n", "\na\n", " a\n", "a \n", "a\nb", "a\tb\n", "a\n\nb\n"]


@pytest.mark.parametrize("text", LIKE_SOMETHING_ELSE + INDICATORS + BLANKS)
def test_texts_that_look_like_something_else(text: str) -> None:
    assert yaml.safe_load(dump({"a": [text]})) == {"a": [text]}
    assert yaml.safe_load(dump({text: text})) == {text: text}


def test_it_looks_as_kubectl_writes_it() -> None:
    document = {
        "kind": "Gateway",
        "spec": {"listeners": [{"name": "http", "port": 80}], "note": "two\nlines\n"},
        "empty": {},
    }
    assert dump(document) == (
        "kind: Gateway\nspec:\n  listeners:\n  - name: http\n    port: 80\n  note: |\n    two\n    lines\nempty: {}\n"
    )
