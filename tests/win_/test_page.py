"""report.html: well formed, self-contained, escaped, complete for every shape of run."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from fivefold.contracts.records import ExpansionRecord, Plan, Quarantined
from fivefold.contracts.vault import Vault
from fivefold.win_ import win
from fivefold.win_.page import Drawings, _bars, page

VOID = {"meta", "br", "img", "link", "hr", "input"}
LOADING = {"src", "href", "xlink:href", "action", "poster", "srcset", "data"}


class Page(HTMLParser):
    """Checks that tags close in order; gathers addresses, ids, texts, pictures and tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.alts: list[str | None] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        given = dict(attrs)
        assert len(given) == len(attrs), f"attribute twice in {tag}"
        self.addresses += [value for name, value in attrs if name in LOADING]
        self.ids += [given["id"]] if "id" in given else []
        self.alts += [given.get("alt")] if tag == "img" else []
        assert not [name for name in given if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def _page(ours, folder) -> tuple[Page, str]:
    text = ours.win(folder).html.read_text("utf-8")
    return Page(text), text


@pytest.mark.parametrize(
    "options",
    [
        {"k": 2},
        {"k": 12},
        {"k": 100, "n": 400},
        {"shape": (9, 9, 1)},
        {"shape": (200, 160, 3), "n": 40},
        {"shape": (20,), "dtype": "float32"},
        {"traditional": None},
        {"deep": None},
        {"deep": 1.0},
        {"metric": "log_loss"},
        {"metric": "balanced_accuracy"},
    ],
    ids=str,
)
def test_a_page_for_every_shape_of_run(contest, tmp_path, options):
    page, text = _page(contest(**options), tmp_path)
    assert len(page.ids) == len(set(page.ids))
    assert all(page.alts), "a picture without words"
    sections = {"scores", "pick", "gather", "expand", "train", "ensemble", "mistakes", "repeat"}
    assert sections <= set(page.ids)
    assert len(text) < 2_000_000
    assert "None" not in "".join(word for word in page.words if "None:" not in word)


def test_the_page_loads_nothing(contest, tmp_path):
    page, text = _page(contest(), tmp_path)
    assert {address.partition(":")[0] for address in page.addresses if address[0] != "#"} == {
        "data"
    }
    assert {"script", "link", "iframe", "object"}.isdisjoint(page.tags)
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_anchors_lead_somewhere(contest, tmp_path):
    page, _ = _page(contest(), tmp_path)
    anchors = {address[1:] for address in page.addresses if address[0] == "#"}
    assert anchors <= set(page.ids)


def test_what_users_wrote_is_escaped(contest, tmp_path):
    evil = "<script>alert('&')</script>"
    ours = contest(classes=(evil, '"><img src=x onerror=alert(1)>', "caf\udce9\n"))
    ours.dataset = replace(
        ours.dataset,
        names=(evil,) * len(ours.dataset.names),
        notes=(evil,),
        split=evil,
        quarantine=(Quarantined(path=f"\udcff/{evil}", reason=evil),),
        problem=replace(ours.dataset.problem, source=evil),
    )
    ours.circumstances = replace(ours.circumstances, command=evil, degraded=(evil,))
    page, text = _page(ours, tmp_path)
    assert "script" not in page.tags
    assert evil in page.words
    assert "x" not in page.addresses
    assert "caf\\xe9\\n" in page.words
    assert "\\xff/" in text


def test_an_interrupted_run_has_a_page(contest, tmp_path):
    ours = contest(traditional=None)
    first = replace(ours.fleet.members[0], parts=ours.fleet.members[0].parts[:1])
    note = "interrupted by Ctrl-C after 120 s"
    ours.fleet = replace(
        ours.fleet, members=(first,), plan=Plan(lines=(), timings=(), notes=()), degraded=(note,)
    )
    ours.predictor.weights = {"convnet-1": 1.0}
    ours.ensemble = replace(ours.ensemble, weights={"convnet-1": 1.0}, path=())
    ours.circumstances = replace(
        ours.circumstances,
        prices={}, expansion=None, contact_png=None, preview_png=None, pairs_png=(), kernels=None,
    )  # fmt: skip
    page, _ = _page(ours, tmp_path)
    assert note in page.words


def test_a_run_over_its_budget_stays_on_the_clock(contest, tmp_path):
    ours = contest()
    ours.circumstances = replace(ours.circumstances, budget_s=10.0, used_s=lambda: 50.0)
    _, text = _page(ours, tmp_path)
    assert "50 s of 10 s used" in text


def test_large_sheets_are_made_small(contest, tmp_path):
    ours = contest()
    noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    large = (tmp_path / "noise.png").read_bytes()
    ours.circumstances = replace(ours.circumstances, contact_png=large)
    _, text = _page(ours, tmp_path)
    assert len(large) > 2_000_000 > len(text)


def test_grey_and_colour_kernels_are_drawn(contest, tmp_path):
    ours = contest()
    for channels in (1, 3):
        kernels = np.zeros((200, 5, 5, channels), np.float32)
        ours = contest()
        ours.circumstances = replace(ours.circumstances, kernels=kernels)
        _, text = _page(ours, tmp_path)
        assert "Learned kernels of the first layer" in text


def test_the_report_prints_and_shows_itself(contest, tmp_path):
    report = contest(classes=("a", "b", "c")).win(tmp_path)
    lines = str(report).splitlines()
    assert lines[0] == report.data["verdict"]["headline"]
    assert lines[-1] == f"report: {tmp_path / 'report.html'}"
    assert "1 thing degraded; the report lists it" in lines
    Page(report._repr_html_())


def test_a_second_report_of_the_same_vault_is_refused(contest, tmp_path):
    ours = contest()
    ours.win(tmp_path)
    before = (tmp_path / "report.json").read_bytes()
    with pytest.raises(Exception, match="opened vault"):
        ours.win(tmp_path)
    assert (tmp_path / "report.json").read_bytes() == before


def test_progress_is_told(contest, tmp_path):
    ours = contest()
    shares: list[float] = []
    win(
        ours.dataset, ours.fleet, ours.ensemble, ours.vault, ours.predictor, ours.circumstances,
        folder=tmp_path, tick=shares.append,
    )  # fmt: skip
    assert shares == [1.0]


def test_every_policy_is_shown_with_or_without_a_reason(contest, tmp_path):
    ours = contest()
    record = ExpansionRecord(kind="image", settings={"crop": 4.0}, why={"mirror_left": "digits"})
    ours.circumstances = replace(ours.circumstances, expansion=record)
    page, _ = _page(ours, tmp_path)
    crop, mirror = page.words.index("crop"), page.words.index("mirror left")
    assert page.words[crop + 1] == "4"
    assert page.words[mirror + 1 : mirror + 3] == ["not used", "digits"]


def test_the_page_says_how_often_the_vault_was_opened(contest, tmp_path):
    ours = contest()
    before = ("2026-01-02T03:04:05+00:00", "2026-01-03T03:04:05+00:00")
    ours.circumstances = replace(ours.circumstances, opened_before=before)
    _, text = _page(ours, tmp_path)
    assert "opened once" not in text
    assert f"opened 3 times, {before[0]}, {before[1]}, " in text
    assert "of 3 looks this is the last" in text
    _, text = _page(contest(), tmp_path)
    assert "; opened once, 20" in text
    assert "opened before" not in text


@pytest.mark.parametrize(("origin", "told"), [("given test part", False), ("held out 20%", True)])
def test_the_page_says_what_was_settled_before_rows_were_sealed(contest, tmp_path, origin, told):
    ours = contest()
    ours.vault = Vault(ours.vault.open(), origin=origin)
    _, text = _page(ours, tmp_path)
    assert "nothing before this page has seen" not in text
    assert ("settled before they were sealed, without labels" in text) == told


def test_the_page_says_of_which_groups_intervals_are(contest, tmp_path):
    ours = contest(groups=5)
    report = ours.win(tmp_path)
    text = report.html.read_text("utf-8")
    assert "from 5 groups of rows" in text
    assert "of only 5 groups" in text
    assert "of only 5 groups" in str(report)
    _, text = _page(contest(), tmp_path)
    assert "groups" not in text


def test_one_net_of_a_member_is_not_called_the_best(contest, tmp_path):
    report = contest().win(tmp_path)
    text = report.html.read_text("utf-8")
    for words in (text, str(report), str(report.data["verdict"])):
        assert "single net of the best member" in words
        assert "best single net" not in words
    assert '<th scope="row">single net of the best member<' in text


def _scored(metric, **scores):
    """What the headline chart takes of report.json."""
    ends = {w: dict(zip(("value", "low", "high"), s, strict=True)) for w, s in scores.items()}
    return {
        "problem": {"metric": metric},
        "systems": dict.fromkeys(scores, "a name"),
        "scores": {word: {metric: score} for word, score in ends.items()},
    }


@pytest.mark.parametrize(
    ("metric", "scores"),
    [
        ("accuracy", {"ensemble": (0.9, 0.8, 0.95), "chance": (0.5, 0.4, 0.6)}),
        ("nll", {"ensemble": (-2.0, -2.5, -1.5), "chance": (-1.0, -1.2, -0.9)}),
        ("nll", {"ensemble": (-0.5, -0.7, -0.3), "chance": (1.4, 1.2, 1.6)}),
        ("r2", {"ensemble": (0.8, 0.7, 0.9), "chance": (-0.01, -0.05, 0.0)}),
        ("r2", {"ensemble": (-0.2, -0.3, 0.0), "chance": (-0.1, -0.4, 0.0)}),
        ("rmse", {"ensemble": (0.0, 0.0, 0.0), "chance": (0.0, 0.0, 0.0)}),
        ("nll", {"ensemble": (None, None, None), "chance": (1.4, 1.2, 1.6)}),
    ],
)
def test_bars_of_any_scores_lie_in_the_chart_from_zero_on(metric, scores):
    bars = _bars(_scored(metric, **scores))
    for ends in [bar[part] for bar in bars for part in ("bar", "reach")]:
        assert 0.0 <= ends[0] <= ends[1] <= 1.0
    if scores["ensemble"][0]:
        (left, right), (low, high) = bars[0]["bar"], bars[0]["reach"]
        assert low <= (right if scores["ensemble"][0] > 0 else left) <= high


def test_the_page_of_negative_scores_has_no_negative_width(contest, tmp_path):
    data = contest(metric="log_loss").win(tmp_path).data
    for system in data["scores"].values():
        system["log_loss"] = {"value": -2.0, "low": -3.0, "high": -1.0}
    empty = dict.fromkeys(("contact", "preview", "kernels", "curves"))
    drawings = Drawings(**empty, pairs=(), mistakes=(), reliability=Markup(""))
    text = page(data, drawings)
    Page(text)
    assert "left:33.33%;width:66.67%" in text
    assert not re.search(r"(width|left):-", text)
