"""The tail of runs and its event stream, without a browser."""

import asyncio
import json
import math
import re
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from pages.components.live_chart.view import Chart, LiveRun, Trace, live_texts
from pages.streaming import routes
from pages.streaming.feed import RunFeed, thin_curve
from pages.streaming.routes import event_stream, live_routes
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Store


class CountingStore(Store):
    """Counts what is read from it."""

    reads = newest = 0

    def find(self, *arguments, **conditions):
        self.reads += 1
        return super().find(*arguments, **conditions)

    def after(self, *arguments):
        self.reads += 1
        return super().updates_since(*arguments)


@pytest.fixture
def store(tmp_path):
    return CountingStore(f"sqlite:///{tmp_path}/x.db")


@pytest.fixture
def run(store):
    return store.create(RunSpec(), status="running")


@pytest.fixture
def tails(store):
    return RunFeed(lambda: store, interval=0.01, slow=0.05)


def losses(first, last, value=1.0):
    """One point a step, numbered like its step."""
    return [(step, "loss/total", step, value) for step in range(first, last + 1)]


def steps(messages, name="loss/total"):
    return [step for message in messages for step, _ in message["points"].get(name, [])]


async def gather_messages(watcher, enough, seconds=5.0):
    """What arrives until ``enough(messages)``."""
    messages, end = [], time.monotonic() + seconds
    while not enough(messages):
        assert time.monotonic() < end, f"waited in vain after {messages}"
        messages += [json.loads(message.data) for message in await watcher.wait(0.05)]
    return messages


class Listener:
    """An EventSource in Python: keeps the messages, their ids and what else was said."""

    def __init__(self, tails, cursors):
        self.messages, self.ids, self.named = [], [], []
        self.stream = event_stream(tails, cursors)

    async def hear(self, enough=lambda listener: False, seconds=5.0):
        async def listen():
            async for text in self.stream:
                assert text.endswith("\n\n")
                fields = dict(re.findall(r"(?m)^(\w*): ?(.*)$", text))
                if "event" in fields:
                    self.named.append(fields["event"])
                elif "data" in fields:
                    self.messages.append(json.loads(fields["data"]))
                    self.ids.append(fields["id"])
                if enough(self):
                    break

        await asyncio.wait_for(listen(), seconds)
        await self.stream.aclose()
        return self

    @property
    def cursors(self):
        return {run: int(seq) for run, seq in routes.CURSOR.findall(self.ids[-1])}


# ---------------------------------------------------------------- the tail


def test_backlog_then_news_then_late_points(store, run, tails):
    async def scenario():
        store.append(run, points=losses(1, 100), progress={"step": 100, "steps": 200})
        with tails.subscribe({run: 0}) as watcher:
            backlog = await gather_messages(watcher, lambda got: len(steps(got)) == 100)
            assert backlog[0]["status"] == "running"
            assert backlog[0]["progress"] == {"step": 100, "steps": 200}
            store.append(run, points=losses(101, 103))
            # An accuracy that belongs to step 100 but was measured after the loss of step 103.
            store.append(run, points=[(104, "accuracy/a/b/test", 100, 0.5)])
            news = await gather_messages(watcher, lambda got: steps(got, "accuracy/a/b/test"))
            assert steps(news) == [101, 102, 103]
            assert steps(news, "accuracy/a/b/test") == [100]

    asyncio.run(scenario())


def test_a_change_of_status_or_progress_is_news_and_silence_is_not(store, run, tails):
    async def scenario():
        with tails.subscribe({run: 0}) as watcher:
            first = await gather_messages(watcher, bool)
            assert (first[0]["status"], first[0]["points"], first[0]["events"]) == ("running", {}, [])
            assert await watcher.wait(0.1) == []
            store.update(run, progress={"step": 1})
            assert (await gather_messages(watcher, bool))[0]["progress"] == {"step": 1}
            store.update(run, status="failed", reason={"text": "it broke"})
            failed = (await gather_messages(watcher, bool))[0]
            assert (failed["status"], failed["reason"]) == ("failed", {"text": "it broke"})
            assert not watcher.ended  # it can be resumed
            store.update(run, status="queued", reason=None)
            assert (await gather_messages(watcher, bool))[0]["status"] == "queued"

    asyncio.run(scenario())


def test_a_run_that_waits_to_be_resumed_is_looked_at_slowly(store, run):
    async def scenario():
        store.update(run, status="paused")
        tails = RunFeed(lambda: store, interval=0.01, slow=10)
        with tails.subscribe({run: 0}) as watcher:
            await gather_messages(watcher, bool)
            before = store.reads
            await asyncio.sleep(0.2)
            assert store.reads == before

    asyncio.run(scenario())


def test_once_everybody_has_curves_the_store_is_read_more_rarely_but_whoever_joins_is_served_at_once(store, run):
    async def scenario():
        tails = RunFeed(lambda: store, interval=0.01, steady=30)
        async with asyncio.timeout(20):
            with tails.subscribe({run: 0}) as first:
                await asyncio.sleep(0.1)
                store.append(run, points=losses(1, 1))
                await gather_messages(first, steps)
                await asyncio.sleep(0.05)
                before = store.reads
                await asyncio.sleep(0.2)
                assert store.reads == before
                with tails.subscribe({run: 0}) as second:
                    await gather_messages(second, steps)

    asyncio.run(scenario())


def test_forty_watchers_read_the_store_as_often_as_one(store, run):
    async def scenario(watchers):
        tails = RunFeed(lambda: store, interval=0.02)
        async with asyncio.timeout(20):
            contexts = [tails.subscribe({run: 0}) for _ in range(watchers)]
            everybody = [context.__enter__() for context in contexts]
            await asyncio.gather(*(gather_messages(watcher, bool) for watcher in everybody))
            before, last = store.reads, store.newest
            until_last = [gather_messages(one, lambda got: last + 10 in steps(got)) for one in everybody]
            listening = asyncio.gather(*until_last)
            for step in range(last + 1, last + 11):
                store.append(run, points=losses(step, step))
                await asyncio.sleep(0.03)
            seen = [steps(messages) for messages in await listening]
            reads, store.newest = store.reads - before, last + 10
            for context in contexts:
                context.__exit__(None, None, None)
            await asyncio.sleep(0.1)
            assert tails._pump.done()  # nobody watches, nobody reads
        assert seen == [list(range(last + 1, last + 11))] * watchers
        return reads

    alone, crowd = asyncio.run(scenario(1)), asyncio.run(scenario(40))
    assert crowd <= 2 * alone + 10


def test_who_joins_late_lacks_nothing_and_gets_nothing_twice(store, run, tails):
    async def scenario():
        store.append(run, points=losses(1, 50))
        with tails.subscribe({run: 0}) as early:
            await gather_messages(early, lambda got: len(steps(got)) == 50)
            with tails.subscribe({run: 20}) as late:
                store.append(run, points=losses(51, 60))
                assert steps(await gather_messages(late, lambda got: 60 in steps(got))) == list(range(21, 61))
                assert steps(await gather_messages(early, lambda got: 60 in steps(got))) == list(range(51, 61))

    asyncio.run(scenario())


def test_a_slow_watcher_gets_one_large_message_instead_of_a_long_queue(store, run, tails):
    async def scenario():
        with tails.subscribe({run: 0}) as slow, tails.subscribe({run: 0}) as quick:
            for step in range(1, 21):
                store.append(run, points=losses(step, step))
                await gather_messages(quick, lambda got, step=step: step in steps(got))
            assert len(slow.inbox) == 1
            assert steps(await gather_messages(slow, lambda got: 20 in steps(got))) == list(range(1, 21))

    asyncio.run(scenario())


def test_what_is_not_finite_becomes_null(store, run, tails):
    async def scenario():
        points = [(1, "loss/total", 1, math.nan), (2, "loss/total", 2, math.inf), (3, "loss/total", 3, 0.5)]
        event = {"seq": 4, "step": 3, "kind": "set", "details": {"value": [1.0, 2]}, "time": 0.0}
        store.append(run, points=points, events=[event], progress={"seconds_left": math.nan, "lr": 0.1})
        with tails.subscribe({run: 0}) as watcher:
            message = (await gather_messages(watcher, bool))[0]
        assert message["points"]["loss/total"] == [[1, None], [2, None], [3, 0.5]]
        assert message["progress"] == {"seconds_left": None, "lr": 0.1}
        assert message["events"] == [{"kind": "set", "step": 3, "details": {"value": [1.0, 2]}, "time": 0.0}]

    asyncio.run(scenario())


def test_a_message_has_so_many_points_of_a_curve_however_fast_the_network_trains():
    fast = [(step, math.sin(step / 50)) for step in range(10_000)]
    thinned = thin_curve(fast, 50)
    assert len(thinned) == 50
    assert thinned[0] == fast[0]
    assert thinned[-1] == fast[-1]
    assert set(thinned) <= set(fast)
    assert thin_curve(fast[:50], 50) == fast[:50]
    broken = [*fast, (10_000, math.nan)]
    assert thin_curve(broken, 50) == broken, "what is no number is shown where it is"


class Drawing:
    """What the browser does with a message: first what was resumed, then the points."""

    def __init__(self):
        self.points = {}

    def apply(self, messages):
        for message in messages:
            for event in message["events"]:
                if event["kind"] == "resumed":
                    self.points = {step: value for step, value in self.points.items() if step <= event["step"]}
            self.points |= dict(message["points"].get("loss/total", []))
        return self.points


@pytest.mark.parametrize("together", [False, True], ids=["seen one by one", "seen at once"])
def test_a_resumed_run_replaces_what_it_repeats(store, run, tails, together):
    async def scenario():
        drawing = Drawing()
        store.append(run, points=losses(1, 30, value=1.0))
        with tails.subscribe({run: 0}) as watcher:
            drawing.apply(await gather_messages(watcher, lambda got: 30 in steps(got)))
            for number, (step, value) in enumerate([(20, 2.0), (10, 3.0)]):
                seq = store.truncate_after(run, step) + 1
                event = {"seq": seq, "step": step, "kind": "resumed", "details": {}, "time": 0.0}
                points = [(seq + at, "loss/total", step + at, value) for at in (1, 2, 3)]
                store.append(run, points=points, events=[event])
                if not together or number == 1:
                    drawing.apply(await gather_messages(watcher, lambda got, step=step: step + 3 in steps(got)))
        fresh = Drawing()
        with tails.subscribe({run: 0}) as watcher:
            fresh.apply(await gather_messages(watcher, bool))
        expected = {**dict.fromkeys(range(1, 11), 1.0), 11: 3.0, 12: 3.0, 13: 3.0}
        assert drawing.points == fresh.points == expected

    asyncio.run(scenario())


def test_a_store_that_cannot_be_read_for_a_while_silences_nobody_for_good(store, run, caplog):
    class Flaky:
        failures = 2

        def find(self, **conditions):
            if self.failures:
                self.failures -= 1
                raise OSError("disk gone")
            return store.find(**conditions)

        updates_since = staticmethod(store.updates_since)

    async def scenario():
        with RunFeed(Flaky, interval=0.01, slow=0.01).subscribe({run: 0}) as watcher:
            assert (await gather_messages(watcher, bool))[0]["status"] == "running"

    asyncio.run(scenario())
    assert "could not be read" in caplog.text


# ---------------------------------------------------------------- the stream


def test_a_stream_goes_on_from_its_last_id_even_with_new_tails(store, run):
    async def scenario():
        other = store.create(RunSpec(), status="running")
        store.append(run, points=losses(1, 10))
        store.append(other, points=losses(1, 5))
        first = Listener(RunFeed(lambda: store, interval=0.01), {run: 0, other: 0})
        await first.hear(lambda it: len(it.messages) == 2)
        assert first.cursors == {run: 10, other: 5}
        store.append(run, points=losses(11, 12))
        again = Listener(RunFeed(lambda: store, interval=0.01), first.cursors)  # the server was started anew
        await again.hear(lambda it: len(it.messages) == 2)
        assert steps(again.messages) == [11, 12]
        assert {message["run"] for message in again.messages} == {run, other}  # the status is said again

    asyncio.run(scenario())


def test_the_id_of_a_message_promises_no_run_that_was_not_told_yet(store, run):
    async def scenario():
        other = store.create(RunSpec(), status="running")
        store.append(run, points=losses(1, 10))
        store.append(other, points=losses(1, 5))
        listener = await Listener(RunFeed(lambda: store), {run: 0, other: 0}).hear(lambda it: len(it.messages) == 1)
        told = listener.messages[0]["run"]
        assert listener.cursors == {run: 0, other: 0, told: {run: 10, other: 5}[told]}

    asyncio.run(scenario())


@pytest.mark.parametrize("status", ["finished", "stopped"])
def test_a_stream_ends_once_no_run_of_it_can_change(store, run, tails, status):
    async def scenario():
        store.append(run, points=losses(1, 3))
        listening = asyncio.create_task(Listener(tails, {run: 0, "dead": 0}).hear())
        await asyncio.sleep(0.1)
        store.append(run, points=losses(4, 4), status=status, result={"metrics": {"a": math.nan}})
        listener = await listening
        assert steps(listener.messages) == [1, 2, 3, 4]
        assert listener.named == ["end"]
        last = [message for message in listener.messages if message["run"] == run][-1]
        assert (last["status"], last["result"]) == (status, {"metrics": {"a": None}})
        unknown = [message for message in listener.messages if message["run"] == "dead"]
        assert [message["status"] for message in unknown] == ["unknown"]

    asyncio.run(scenario())


def test_a_quiet_stream_says_that_it_is_alive(store, run, tails, monkeypatch):
    monkeypatch.setattr(routes, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(routes, "LOOK_UP_SECONDS", 0.02)

    async def scenario():
        stream = event_stream(tails, {run: 0})
        texts = [await asyncio.wait_for(anext(stream), 5) for _ in range(4)]
        await stream.aclose()
        assert texts[0].startswith("retry:")
        assert texts[2:] == [": still here\n\n"] * 2
        assert not tails.watchers

    asyncio.run(scenario())


def test_a_stream_ends_when_the_server_wants_to(store, run, tails, monkeypatch):
    async def scenario():
        listening = asyncio.create_task(Listener(tails, {run: 0}).hear())
        await asyncio.sleep(0.1)
        monkeypatch.setattr(routes, "server_is_leaving", lambda: True)
        listener = await listening
        assert listener.named == []  # no "end": the browser shall come back

    asyncio.run(scenario())


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@pytest.fixture
def get(tails):
    """Asks the routes as a server would: starlette's own test client needs one more package."""
    app = Starlette(routes=live_routes(tails))

    def ask(path, query=None, headers=None):
        sent = []

        async def receive():
            await asyncio.sleep(3600)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": urlencode(query or {}).encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        }
        asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))
        got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], got, b"".join(part.get("body", b"") for part in sent[1:]).decode())

    return ask


@pytest.mark.parametrize("runs", ["", "x", "ABC", "a,", "a/b", "1" * 17, ",".join(f"{n:x}" for n in range(51))])
def test_bad_ids_are_refused_in_one_sentence(get, runs):
    answer = get("/live/stream", {"runs": runs})
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.count("\n") == 1


def test_the_route_streams_from_the_last_event_id_or_from_the_url(get, store, run):
    store.append(run, points=losses(1, 10), status="finished")
    answer = get("/live/stream", {"runs": f"{run},{run}", "after": f"{run}=4;beef=7;nonsense"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert f"id: {run}=10\n" in answer.text
    assert '"loss/total":[[5,' in answer.text
    params = {"runs": run, "after": f"{run}=4"}
    answer = get("/live/stream", params, headers={"Last-Event-ID": f"{run}=8"})
    assert '"loss/total":[[9,' in answer.text
    assert answer.text.endswith("event: end\ndata: {}\n\n")


def test_plotly_comes_from_the_installed_package(get):
    answer = get("/live/plotly.js")
    assert answer.status == 200
    assert "javascript" in answer.headers["content-type"]
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert "plotly.js v" in answer.text[:100]
    assert "version=" in routes.PLOTLY_URL


# ---------------------------------------------------------------- what the page says


def test_texts_are_all_translated_and_keep_their_places():
    texts = live_texts(lambda text: text.upper() if "{" not in text else text, locale="de", phases={"source": "Quelle"})
    assert texts["locale"] == "de"
    assert texts["phase.source"] == "Quelle"
    assert texts["status.failed"] == "FAILED"
    assert re.findall(r"{(\w+)}", texts["step"]) == ["step", "steps"]
    for status in ("queued", "running", "paused", "finished", "stopped", "failed", "interrupted", "unknown"):
        assert texts[f"status.{status}"]


def test_definitions_are_plain_values():
    trace = Trace("a", "loss/total", "total", ("#000000", "#ffffff"))
    assert Chart("t", "y", (trace,)) == Chart("t", "y", (trace,))
    assert LiveRun("a", "A", "#000000") == LiveRun("a", "A", "#000000")
