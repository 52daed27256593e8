"""A medical domain's notice stands wherever the domain is chosen or its result shown, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.domains import Card, Domain, Task, builtin_domains, domain_info, notices, registry
from xfer_core.domains.clinical import NOTICE
from xfer_core.experiments.experiment import Condition, Experiment
from xfer_core.exports import report
from xfer_core.exports.experiments import report as experiment_report
from xfer_core.exports.experiments.results import gather_results
from xfer_core.modalities import Column, TableInput
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import open_store

TUMOURS = ('problem.source=["clinical.breast_fine"]', 'problem.target=["clinical.breast_coarse"]')
LINK: Any = {"problem.source": '["clinical.breast_fine"]', "problem.target": '["clinical.breast_coarse"]'}


def test_exactly_the_medical_domains_have_one():
    assert {key for key in builtin_domains() if notices([key])} == {"clinical.breast_fine", "clinical.breast_coarse"}
    assert notices(("clinical.breast_fine", "digits.photo", "clinical.breast_coarse", "forgotten.one")) == (NOTICE,)


def test_where_the_domain_is_chosen():
    assert "medical device" not in text_of(app("train"))
    assert text_of(app("train", **LINK)).count(NOTICE) == 1
    unseen: Any = {"problem.unseen": '["clinical.breast_coarse"]', "problem.target": '["clinical.breast_fine"]'}
    page = app("train", **{**unseen, "problem.source": "[]"})
    assert text_of(page).count(NOTICE) == 1
    assert NOTICE in text_of(app("compare", **LINK))
    assert "medical device" not in text_of(app("compare"))
    assert text_of(app("domains")).count(NOTICE) == 1


@pytest.mark.parametrize("view", ["live", "inspect", "try", "export"])
def test_on_every_view_of_a_run(view: str):
    run = trained_run(open_store(), *TUMOURS)
    assert text_of(app("run", run=run.id, view=view)).count(NOTICE) == 1


def test_in_the_reports(tmp_path):
    store = open_store()
    run = trained_run(store, *TUMOURS)
    (place,) = report.write(store, run, tmp_path)
    assert NOTICE in place.read_text(encoding="utf-8")
    asked = Experiment("help", parse_spec({}, TUMOURS), (Condition("x", ()),), (5,), (0,))
    begun = asked.begin(store)
    result = run.result
    for one in store.find(experiment=begun):
        store.update(one.id, status="finished", ended=1.0, result=result)
    assert NOTICE in experiment_report.content(gather_results(store, begun)).decode()


def own_domain() -> Domain:
    card = Card("Ward *one*", "Patients.", "me", "CC0 1.0", "typed", "Not for <b>care</b> of *anybody*.")
    labels = torch.arange(40) % 2
    rows = torch.stack([labels + torch.randn(40), torch.randn(40)], 1).float()
    return Domain("my.ward", card, "ward", rows, torch.arange(40), {"ill": Task("ill", labels, ("no", "yes"))})


def test_an_own_domain_keeps_its_notice_and_one_of_before_has_none():
    own, domain = registry().own, own_domain()
    assert own
    own.save(domain, TableInput((Column("a"), Column("b"))))
    assert domain_info("my.ward").card == domain.card
    page = app("train", **{"problem.source": "[]", "problem.target": '["my.ward"]'})  # pyright: ignore[reportArgumentType]
    assert r"Not for \<b>care\</b> of \*anybody\*." in text_of(page), "shown as text, not as markup"
    assert r"Not for \<b>care\</b> of \*anybody\*." in text_of(app("domains", domain="my.ward"))
    described = json.loads((own.folder / "my.ward" / "domain.json").read_text("utf-8"))
    del described["card"]["notice"]
    (own.folder / "my.ward" / "domain.json").write_text(json.dumps(described), "utf-8")
    assert domain_info("my.ward").card == replace(domain.card, notice="")
