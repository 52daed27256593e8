// The cards of a race: the phase of each network, its accuracy on validation samples and in the final test, and its
// predictions for the same few samples. Part of the script that starts in live.js.

function buildCards(view) {
  view.head.replaceChildren();
  return view.data.runs.map((run) => {
    const card = add(view.head, "article", "card");
    card.style.setProperty("--run", view.colour(run.colour));
    const title = add(card, "h3");
    addSample(title, view.colour(run.colour), run.dash, 44);
    add(title, "span", "", run.title);
    const now = add(card, "div", "now");
    const bar = addBar(view, card, run.title);
    const figures = add(card, "div", "figures");
    const check = addFigure(view, figures, "check", view.texts.number);
    const final = addFigure(view, figures, "final", view.texts.final);
    const answers = addPictures(view, card, run);
    return () => {
      const state = view.runs.get(run.id);
      const latest = (scalar) => state.series.get(scalar)?.y.findLast((y) => y !== null);
      const of100 = (value) => (value === undefined ? "–" : view.number(Math.round(100 * value)));
      say(now, nowText(view, state));
      bar(state);
      say(check, of100(latest(run.number_scalar)));
      say(final, of100(latest(run.final_scalar)));
      card.classList.toggle("tested", final.textContent !== "–");
      answers(state.progress?.answers ?? []);
    };
  });
}

function addFigure(view, parent, kind, caption) {
  const figure = add(parent, "div", `figure ${kind}`);
  const number = add(figure, "span", "number", "–");
  add(figure, "span", "unit", view.texts.of);
  add(figure, "div", "caption", caption);
  return number;
}

// While a run trains, its phase is more informative than its status.
function nowText(view, { status, progress }) {
  if (status === "running" && progress?.features) return stepText(view, progress);
  const phase = status === "running" && view.texts[`phase.${progress?.phase}`];
  return phase || view.texts[`status.${status}`] || status || "";
}

// The same samples for every run; under each the prediction of this network, and whether it is right.
function addPictures(view, card, run) {
  const board = view.data.answers;
  if (!board) return () => {};
  const list = add(card, "ul", "pictures");
  list.setAttribute("aria-label", `${run.title}: ${board.title}`);
  const tiles = board.images.map((image, index) => {
    const tile = add(list, "li");
    const picture = add(tile, "img");
    picture.src = image;
    picture.alt = board.classes[board.labels[index]];
    return { tile, said: add(tile, "span", "said", "–") };
  });
  return (answers) => {
    tiles.forEach(({ tile, said }, index) => {
      const answer = answers[index];
      if (answer === undefined || said.answer === answer) return;
      said.answer = answer;
      said.setAttribute("role", "img"); // its label says in words what a sign says to the eye
      const right = answer === board.labels[index];
      tile.dataset.right = right;
      said.textContent = `${board.classes[answer]} ${right ? "✓" : "✗"}`;
      said.setAttribute("aria-label", fill(right ? board.right : board.wrong, { answer: board.classes[answer] }));
    });
  };
}
