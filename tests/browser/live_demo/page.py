"""The runs are named in the URL; the page says how often it ran and which status it read last."""

import streamlit as st

from pages.components.live_chart.view import Chart, LiveRun, Trace, live_texts, live_view
from xfer_core.runs.store import open_store

COLOURS = [("#0072B2", "#56B4E9"), ("#D55E00", "#FF8A3D"), ("#009E73", "#2FD0A5")]
DASHES = ["solid", "dash", "dot"]
METRIC = "accuracy/digits.photo/digit"

st.set_page_config(layout="wide")
ids = st.query_params.get("runs", "").split(",")
layout = "race" if st.query_params.get("layout") == "race" else "panel"
rows = {run.id: run for run in open_store().find(ids=ids)}
runs = [
    LiveRun(
        id=run,
        title=rows[run].name if run in rows else run,
        colour=COLOURS[index % 3],
        dash=DASHES[index % 3],
        number_scalar=f"{METRIC}/validation",
        final_scalar=f"{METRIC}/test",
        status=rows[run].status if run in rows else "",
        progress=rows[run].progress if run in rows else None,
    )
    for index, run in enumerate(ids)
]
accuracy = Chart(
    "Accuracy on the target",
    "accuracy",
    [Trace(run.id, run.number_scalar, run.title, run.colour, run.dash, width=4) for run in runs],
    y_range=(0, 1),
    percent=True,
    lines=[(0.56, "source only", ("#767676", "#a0a0a0"))],
    empty_text="The first accuracy comes after 20 steps.",
)
loss = Chart(
    "Loss",
    "loss",
    [
        Trace(ids[0], "loss/total", "total", COLOURS[0]),
        Trace(ids[0], "loss/source", "source", COLOURS[1], "dash"),
        Trace(ids[0], "loss/target", "target", COLOURS[2], "dot"),
    ],
    empty_text="No loss yet.",
)
rates = Chart(
    "λ, as it is used",
    "λ",
    [Trace(ids[0], "lambda/target", "λ target", COLOURS[1])],
    step_shape=True,
    empty_text="No λ yet.",
)

st.session_state.count = st.session_state.get("count", 0) + 1
st.button("Rerun")
st.text(f"rerun {st.session_state.count}, status {runs[0].status}")
charts = [accuracy, loss, rates]
texts = live_texts(str, phases={"source": "Learn the source", "target": "Move to the target"})
if st.toggle("Show", value=True):
    live_view(runs, charts, texts=texts, key="live", layout=layout)
