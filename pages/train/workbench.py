"""The controls of Train, and the validated spec that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.i18n import _, plain
from pages.train.sample_weight_table import weight_table
from pages.widgets.change_words import change_words
from pages.widgets.chart_runs import term_styles, term_titles
from pages.widgets.config_form import choose_kind, controls, present_config, present_kind
from pages.widgets.download import offer_weights
from pages.widgets.field_errors import FieldErrors
from pages.widgets.layer_freezing import freeze_layers
from pages.widgets.lesson import family_title, lesson_of
from pages.widgets.loss_weights import loss_weights
from pages.widgets.notice import show_notices
from pages.widgets.problem import choose_budget, choose_domains, choose_tasks
from pages.widgets.recipe_upload import recipe_uploader
from pages.widgets.store import validated
from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec
from xfer_core.names import lambda_name
from xfer_core.networks import NETWORKS
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, canonical, parse_spec
from xfer_core.selections import RULES
from xfer_core.strategies import BASICS, CLASSES, STRATEGIES, Strategy
from xfer_core.strategies.base import ChoosesFrozen, ChoosesWeights
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.training import OPTIMIZERS

SOME = Problem().target  # a domain to start with, where none is chosen
ALONE = Problem(source=())


class Workbench:
    """The controls of one spec.

    Args:
        first: the initial values.
        prefix: starts the keys; a new one resets all controls.
        slots: places for the errors of each field.
        on_turn: callback for a changed λ or learning rate, with the name of the live setting (``lambda/<term>``,
            ``lr``) and the key of its control.
    """

    def __init__(self, first: RunSpec, prefix: str, slots: FieldErrors, on_turn: Callable[[str, str], None]) -> None:
        self.first, self.prefix, self.slots, self.on_turn = first, prefix, slots, on_turn
        self.error: XferError | None = None
        self.beside_weights: Any = None  # heading of the loss weights, if any: the page adds on which run they act

    def show(self, top: Any, side: Any) -> RunSpec | None:
        """Draw all controls.

        Args:
            top: place for source and target, over the whole width.
            side: place for all others.

        Returns:
            The spec, or None where it is invalid: the error is shown beside the control.
        """
        with top:
            domains = choose_domains(self.first.problem, self.prefix, self.slots, self._knows)
            notice_place = st.container()
        with side:
            strategy = self._choose_strategy()
            panels = st.container(key="boards")
            left, rate = st.columns([3, 2], vertical_alignment="bottom")
            with left:
                budget = choose_budget(self.first.problem, self.prefix, self.slots)
            with st.expander(_("More settings"), icon=":material/settings:"):
                rest_of_problem = choose_tasks(self.first.problem, domains, self.prefix, self.slots)
                rule = self._choose_rule()
                inputs = domain_info(next(iter((*domains["target"], *domains["source"], *SOME)))).spec
                fields, rest = self._choose_settings(strategy, inputs, rate)
                st.markdown(f"**{_('Open a recipe')}**")
                recipe_uploader()
            with notice_place:
                offer_weights(rest["network"])
                show_notices((*domains["source"], *domains["target"], *rest_of_problem["unseen"]))
            problem = {**domains, **rest_of_problem, "labels_per_class": budget}
            rest["training"]["selection"] = rule
        try:
            with panels:
                fields |= self._boards(strategy, problem, rest["network"])
            spec = parse_spec({"problem": problem, "strategy": {"kind": strategy.kind, **fields}, **rest})
            validated(spec)
            return spec
        except XferError as error:
            self.error = error
            if error.code != "not_here":  # the download button says that
                self.slots.show(error)
            return None

    def _knows(self, modality: str) -> bool:
        """Whether, as the controls stand, the network for such inputs comes filled, and the method then needs no
        source."""
        fitting = [form for form in NETWORKS if modality in form.modalities]
        network = present_kind(fitting, self.first.network, f"{self.prefix}.network.{modality}")
        filled = present_config(network, f"{self.prefix}.{network.kind}").is_filled
        kind = st.session_state.get(f"{self.prefix}.strategy", self.first.strategy.kind)
        strategy = CLASSES[kind](kind=kind)
        try:
            strategy.check_knowledge(ALONE, filled)
            strategy.check(ALONE)
        except XferError:
            return False
        return filled

    def _choose_strategy(self) -> Strategy:
        now = self.first.strategy
        kinds: dict[str, Any] = {form.kind_name(): form for form in STRATEGIES}
        shown = [form.kind_name() for form in BASICS]
        if now.kind not in shown:
            shown.append(now.kind)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{_('Method')}** — {_('how knowledge moves')}", width="content")
            lesson_place = st.popover(_("How it works"), icon=":material/school:", type="tertiary")
        kind = st.pills(
            _("How knowledge moves"),
            shown,
            default=now.kind,
            required=True,
            format_func=lambda kind: _(kinds[kind].title),
            key=f"{self.prefix}.strategy",
            label_visibility="collapsed",
            wrap=True,
        )
        form = kinds[kind]
        lesson = lesson_of(form)
        with lesson_place:
            st.markdown(f"**{family_title(form)}** — {lesson.idea}")
            st.latex(form.formula)
            st.markdown(lesson.rest)
            st.page_link("methods/page.py", label=_("All methods"), icon=":material/menu_book:")
        self.slots.here("strategy", "strategy.kind")
        return now if kind == now.kind else form()

    def _choose_rule(self) -> str:
        """The rule of model selection."""
        rule = st.selectbox(
            _("Model selection: which step counts"),
            list(RULES),
            index=list(RULES).index(self.first.training.selection),
            format_func=lambda kind: _(RULES[kind].title),
            key=f"{self.prefix}.rule",
        )
        lesson = lesson_of(type(RULES[rule]))
        st.caption((":material/warning: " if RULES[rule].requires == "answers" else "") + lesson.idea, help=lesson.rest)
        self.slots.here("training.selection")
        return rule

    def _choose_settings(
        self, strategy: Strategy, inputs: InputSpec, rate: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The strategy's other fields; network, training and seed, as these inputs allow; the learning rate in the
        place ``rate``."""
        first, prefix, slots = self.first, self.prefix, self.slots
        fields = controls(strategy, f"{prefix}.{strategy.kind}", without=("frozen", "weights", "table"))
        slots.here(*(f"strategy.{name}" for name in fields))
        if isinstance(strategy, Generalised):
            fields["table"] = strategy.table  # stays while another scheme is chosen
        if isinstance(strategy, Generalised) and fields["scheme"] == "table":
            asked = strategy.scheme == "table"  # then a missing table is an error, not filled with an example
            fields["table"] = weight_table(fields["table"], f"{prefix}.table", example=not asked)
            slots.here("strategy.table")
        left, right = st.columns(2)
        with left:
            fitting = [form for form in NETWORKS if form.accepts(inputs)]
            network = choose_kind(_("Network"), fitting, first.network, f"{prefix}.network.{inputs.modality}")
            network_fields = controls(network, f"{prefix}.{network.kind}")
            slots.here("network")
        with right:
            optimizer = choose_kind(_("Optimiser"), OPTIMIZERS, first.training.optimizer, f"{prefix}.optimizer")
            others = tuple(name for name in type(optimizer).model_fields if name != "lr")
            optimizer_fields = controls(optimizer, f"{prefix}.{optimizer.kind}", without=("lr",))
        with rate:
            optimizer_fields |= controls(
                optimizer, f"{prefix}.{optimizer.kind}", without=others, on_change=self.on_turn
            )
            slots.here("training.optimizer.lr")
        others = ("optimizer", "selection", "live_changes")
        offered = {"augment": inputs.augmentations}
        training = controls(first.training, f"{prefix}.training.{inputs.modality}", without=others, offered=offered)
        training["live_changes"] = self._live_changes()
        training["optimizer"] = {"kind": optimizer.kind, **optimizer_fields}
        seed = controls(first, prefix, without=("version", "problem", "network", "strategy", "training"))
        slots.here("training", "seed")
        rest = {"network": {"kind": network.kind, **network_fields}, "training": training, **seed}
        return fields, rest

    def _live_changes(self) -> list[dict[str, Any]]:
        """The live changes of the run that these settings are from, to be repeated or not."""
        changes = self.first.training.live_changes
        if not changes:
            return []
        again = st.toggle(
            _("Repeat the changes made by hand"),
            value=True,
            key=f"{self.prefix}.live_changes",
            help=_("Live changes of λ or learning rate in the run that these settings are from."),
        )
        st.caption(plain(change_words(changes, self.first)))
        return [change.model_dump(mode="json") for change in changes] if again else []

    def _boards(self, strategy: Strategy, problem: dict[str, Any], network: dict[str, Any]) -> dict[str, Any]:
        """The controls to freeze layers and to set the loss weights λ, where the strategy has them."""
        chosen: dict[str, Any] = {}
        spec = parse_spec({"problem": problem, "network": network})
        spec.problem.check_names()
        stages = spec.network.summary(spec.problem.input_spec(), spec.problem.outputs())
        # The keys depend on the network, not on the method: locks stay when the method changes.
        prefix = f"{self.prefix}.{spec.network.kind}.frozen"
        if isinstance(strategy, ChoosesFrozen):
            chosen["frozen"] = freeze_layers(stages, strategy.frozen, prefix)
            self.slots.here("strategy.frozen")
        else:
            freeze_layers(stages, None, f"{prefix}.none")
        if isinstance(strategy, ChoosesWeights):
            self.beside_weights = st.empty()
            self.beside_weights.markdown(f"**{_('Loss weights λ')}**")
            chosen["weights"] = self._weights(strategy, spec.problem)
            self.slots.here("strategy.weights")
        else:
            st.markdown(f"**{_('Loss')}** — " + _("this method has no weights λ to set"))
            st.latex(strategy.formula)
        return chosen

    def _weights(self, strategy: ChoosesWeights, problem: Problem) -> dict[str, float]:
        fitting = _fitting_weights(strategy, problem)
        parsed = RunSpec(problem=problem, strategy=fitting)  # pyright: ignore[reportArgumentType]
        # Other domains have other terms: the keys of the sliders contain the terms.
        terms = canonical(list(fitting.lambdas(problem)))
        own = fitting.term_titles  # a method's own terms have no slider
        lambdas = {term: value for term, value in fitting.lambdas(problem).items() if term not in own}
        mixed = loss_weights(
            lambdas,
            term_titles(fitting, list(lambdas)),
            term_styles(parsed),
            "L",
            f"{self.prefix}.{strategy.kind}.weights.{terms}",
            lambda term, key: self.on_turn(lambda_name(term), key),
        )
        usual = fitting.model_copy(update={"weights": {}}).lambdas(problem)
        if mixed == lambdas:  # no slider was moved: as given, also if that was none or only some of the terms
            return fitting.weights
        return {} if mixed == {term: usual[term] for term in mixed} else mixed


def _fitting_weights(strategy: ChoosesWeights, problem: Problem) -> ChoosesWeights:
    """The strategy with the weights of the link, or without them if they name other domains than the present ones."""
    try:
        strategy.lambdas(problem)
        return strategy
    except XferError:
        return type(strategy)(**{**strategy.model_dump(), "weights": {}})
